import { Supergraph } from '@apollo/federation-internals'
import { describe, expect, it } from 'vitest'
import { readRules } from './rules.ts'
import { withoutRules } from './strip-rules.ts'
import { guardedSupergraph } from './testing/guarded-supergraph.ts'

const TYPES = `
  type Query { mine: Thing @authenticated }
  type Mutation { write: Int @requiresScopes(scopes: [["b", "a"], ["c"], ["c", "d"]]) }
  interface Node { id: ID! name: String }
  type Thing implements Node @key(fields: "id") @policy(policies: [["p"]]) {
    id: ID!
    name: String @requiresScopes(scopes: [["x"]])
  }
  type Other implements Node { id: ID! name: String @requiresScopes(scopes: [["y"]]) at: Time }
  scalar Time @authenticated
`

const MORE = `
  type Query { more: Int }
  type Thing @key(fields: "id") @authenticated { id: ID! more: Int @authenticated }
`

/** What is required at each place, as far as anything is. */
function required({ supergraph } = guardedSupergraph([TYPES, MORE])) {
  const { rules, types } = readRules(supergraph.schema) ?? { rules: [], types: new Map() }
  const places: Record<string, unknown[]> = {}
  for (const [name, type] of types) {
    if (type.rules.length > 0) places[name] = type.rules.map((id: number) => rules[id])
    for (const [field, guarded] of type.fields) {
      if (guarded.rules.length > 0) places[`${name}.${field}`] = guarded.rules.map((id: number) => rules[id])
    }
  }
  return places
}

describe('the rules of a supergraph', () => {
  it('are what all its subgraphs say; what an interface has of its objects only is left to them', () => {
    const authenticated = { kind: 'authenticated' }
    expect(required()).toEqual({
      'Query.mine': [authenticated],
      'Mutation.write': [{ kind: 'requiresScopes', anyOf: expect.arrayContaining([['c']]) }],
      Thing: [authenticated, { kind: 'policy', anyOf: [['p']] }],
      'Thing.name': [{ kind: 'requiresScopes', anyOf: [['x']] }],
      'Thing.more': [authenticated],
      'Other.name': [{ kind: 'requiresScopes', anyOf: [['y']] }],
      Time: [authenticated],
    })
  })

  it('are those of an interface itself where its objects do not say the same', () => {
    const graph = guardedSupergraph([TYPES], (sdl) =>
      sdl.replace(/interface Node\b/, '$& @requiresScopes(scopes: [["node"]])'),
    )
    expect(required(graph)).toMatchObject({ Node: [{ kind: 'requiresScopes', anyOf: [['node']] }] })
  })

  it('are none where it has none', () => {
    const { supergraph, sdl } = guardedSupergraph(['type Query { open: Int }'])
    expect(readRules(supergraph.schema)).toBeUndefined()
    expect(withoutRules(sdl, supergraph.schema)).toBe(sdl)
  })
})

it.each([
  ['as they are called', ''],
  [
    'under other names',
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [{ name: "@authenticated", as: "@signedIn" }])',
  ],
])('a supergraph without its rules is one that knows of none: imported %s', (_how, link) => {
  const types = link === '' ? [TYPES, MORE] : [`${link} type Query { mine: Int @signedIn }`]
  const { sdl, supergraph } = guardedSupergraph(types, undefined, link === '')
  const left = withoutRules(sdl, supergraph.schema)
  expect(left).not.toMatch(/authenticated|signedIn|equiresScopes|olicy/)
  expect(() => Supergraph.build(sdl)).toThrow(/SECURITY/)
  const withNone = Supergraph.build(left).apiSchema().toGraphQLJSSchema()
  const namesIn = (schema: typeof withNone) => Object.keys(schema.getTypeMap()).sort()
  expect(namesIn(withNone)).toEqual(namesIn(supergraph.apiSchema().toGraphQLJSSchema()))
})
