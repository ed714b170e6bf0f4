import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { readEventDependencies } from './viewer-independence.ts'

const schema = buildSubgraphSchema(
  parse(`
    directive @viewerIndependent on FIELD_DEFINITION | OBJECT
    type Query { unused: Int }
    type Subscription { noted(room: String): Note happened: Event found: Found named: Named }
    type Note @key(fields: "id") @key(fields: "room { name }") {
      id: ID!
      room: Room
      text(limit: Int): String @viewerIndependent
      author: Person @viewerIndependent
      isMine: Boolean
    }
    type Room { name: String secret: String }
    type Person @key(fields: "id") { id: ID! email: String }
    interface Event { at: Int @viewerIndependent note: Note by: String }
    type Added implements Event @viewerIndependent { at: Int note: Note by: String extra: String }
    type Removed implements Event { at: Int note: Note @viewerIndependent by: String }
    union Found = Note | Person
    interface Named { name: String }
    type Dog implements Named @viewerIndependent { name: String }
    type Cat implements Named { name: String @viewerIndependent }
  `),
)

function dependenciesOf(source: string) {
  const document = parse(source)
  expect(validate(schema, document)).toEqual([])
  const { isViewerIndependent, variables } = readEventDependencies(schema, document)
  return { isViewerIndependent, variables: [...variables] }
}

describe('a selection', () => {
  it.each([
    ['subscription { noted { text author { __typename } } }', 'of marked fields'],
    ['subscription { noted { __typename } }', 'of names of types'],
    ['subscription { noted { id author { id } } }', 'of keys, which name entities'],
    ['subscription { happened { at } }', 'of a field that is marked on the interface'],
    ['subscription { happened { ... on Added { extra note { text } } } }', 'of fields of a marked object'],
    ['subscription { happened { note { id } } }', 'of a field that every type of the interface marks in its own way'],
    ['subscription { named { name } }', 'of a field that is marked nowhere but on all types of the interface'],
    ['subscription { found { ... on Note { text } ... on Person { id } } }', 'of marked fields of a union'],
    ['subscription { noted { ...Text } } fragment Text on Note { text }', 'of marked fields in a fragment'],
  ])('%s is viewer-independent: it is %s', (source) => {
    expect(dependenciesOf(source).isViewerIndependent).toBe(true)
  })

  it.each([
    ['subscription { noted { text isMine } }', 'a field that is not marked'],
    ['subscription { noted { author { email } } }', 'such a field further down'],
    ['subscription { noted { room { secret } } }', 'such a field below a key'],
    ['subscription { happened { by } }', 'a field that one type of the interface does not mark'],
    ['subscription { happened { ... on Added { note { isMine } } } }', 'such a field below a marked object'],
    ['subscription { noted { ...Mine } } fragment Mine on Note { isMine }', 'such a field in a fragment'],
  ])('%s is not viewer-independent: it has %s', (source) => {
    expect(dependenciesOf(source).isViewerIndependent).toBe(false)
  })

  it('depends on the variables that are used below the root field', () => {
    const { variables } = dependenciesOf(`
      subscription ($room: String, $limit: Int, $withText: Boolean!, $withNote: Boolean!) {
        noted(room: $room) { text(limit: $limit) @include(if: $withText) ...Note @skip(if: $withNote) }
      }
      fragment Note on Note { id }
    `)
    expect(variables.sort()).toEqual(['limit', 'withNote', 'withText'])
  })
})
