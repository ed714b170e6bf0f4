import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { DELIVERY } from '../testing/notes-graph.ts'
import { compose, ToySubgraph } from '../testing/toy-subgraph.ts'
import { ViewerIndependence } from './viewer-independence.ts'

const PEOPLE = `
  ${DELIVERY}
  type Query { person: Person everybody: [Person!]! @viewerIndependent }
  interface Named { name: String @viewerIndependent motto: String nickname: String }
  type Person implements Named @key(fields: "id") {
    id: ID!
    name: String
    motto: String @viewerIndependent
    nickname: String @viewerIndependent
    badges: [Badge!]! @viewerIndependent
    thing: Thing @viewerIndependent
    secret: String
  }
  type Robot implements Named @key(fields: "id") @key(fields: "name") @viewerIndependent {
    id: ID! name: String! motto: String nickname: String maker: Person
  }
  type Cat implements Named { name: String motto: String @viewerIndependent nickname: String }
  type Badge @viewerIndependent { label: String owner: Person }
  type Place @key(fields: "id") @viewerIndependent { id: ID! name: String }
  type Street @key(fields: "id") {
    id: ID! @viewerIndependent
    name: String @viewerIndependent @federation__shareable
    length: Int @viewerIndependent
  }
  union Thing = Badge | Robot
`
const PLACES = `
  type Place @key(fields: "id") { id: ID! visits: Int }
  type Street @key(fields: "id") { id: ID! name: String @federation__shareable }
`

const sdl = compose([new ToySubgraph('people', PEOPLE, {}), new ToySubgraph('places', PLACES, {})])
const independence = new ViewerIndependence(sdl)

function covers(entities: string, more = ''): boolean {
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${entities} } }`
  return independence.covers(parse(`${query}\n${more}`))
}

describe('viewer independence', () => {
  it('is what a field is marked with', () => {
    expect(covers('... on Person { motto nickname }')).toBe(true)
    expect(covers('... on Person { motto secret }')).toBe(false)
    expect(covers('... on Person { id }')).toBe(false)
  })

  it('goes by the name of a field and not by its alias', () => {
    expect(covers('... on Person { secret: motto }')).toBe(true)
    expect(covers('... on Person { motto: secret }')).toBe(false)
  })

  it('is looked for however deep a field lies', () => {
    expect(covers('... on Person { badges { label owner { motto } } }')).toBe(true)
    expect(covers('... on Person { badges { label owner { secret } } }')).toBe(false)
    expect(covers('... on Person { badges { ... { ... on Badge { owner { ... { secret } } } } } }')).toBe(false)
  })

  it('is looked for in fragments', () => {
    expect(covers('...Parts', 'fragment Parts on Person { motto }')).toBe(true)
    expect(covers('...Parts', 'fragment Parts on Person { motto ...More } fragment More on Person { secret }')).toBe(
      false,
    )
    expect(covers('...Missing')).toBe(false)
  })

  it('is of the name of a type always', () => {
    expect(covers('__typename ... on Person { __typename }')).toBe(true)
  })

  it('is of all fields of an object that is marked, but not of what these lead to', () => {
    expect(covers('... on Robot { id name maker { motto } }')).toBe(true)
    expect(covers('... on Robot { maker { id } }')).toBe(false)
  })

  it('is not of an object that is marked by one of several subgraphs, which cannot speak for the others', () => {
    expect(covers('... on Place { name }')).toBe(false)
    expect(covers('... on Place { visits }')).toBe(false)
  })

  it('is not of a field that another subgraph answers too, which cannot be spoken for either', () => {
    expect(covers('... on Street { length }')).toBe(true)
    expect(covers('... on Street { name }')).toBe(false)
    expect(covers('... on Street { id }')).toBe(false)
  })

  it('is of a field of an interface that is marked itself, or on every object', () => {
    expect(covers('... on Named { name }')).toBe(true)
    expect(covers('... on Named { motto }')).toBe(true)
    expect(covers('... on Named { nickname }')).toBe(false)
  })

  it('is of the members of a union, each by itself', () => {
    expect(covers('... on Person { thing { __typename ... on Badge { label } ... on Robot { id } } }')).toBe(true)
    expect(covers('... on Person { thing { ... on Badge { owner { secret } } } }')).toBe(false)
  })

  it('is of no field that is not known', () => {
    expect(covers('... on Person { height }')).toBe(false)
    expect(covers('... on Nobody { name }')).toBe(false)
  })

  it('is of fields of the query itself when they are marked', () => {
    expect(independence.covers(parse('{ everybody { motto } }'))).toBe(true)
    expect(independence.covers(parse('{ person { motto } }'))).toBe(false)
  })

  it('is nowhere when the directive is of another specification', () => {
    const other = PEOPLE.replace('parley.example/delivery', 'example.org/other')
    const foreign = new ViewerIndependence(compose([new ToySubgraph('people', other, {})]))
    expect(foreign.covers(parse('{ everybody { motto } }'))).toBe(false)
  })

  it('is known under the name that the supergraph gives the directive', () => {
    const renamed = sdl
      .replace('import: ["@viewerIndependent"]', 'import: [{ name: "@viewerIndependent", as: "@same" }]')
      .replaceAll(/@viewerIndependent(?!")/g, '@same')
    expect(new ViewerIndependence(renamed).covers(parse('{ everybody { motto } }'))).toBe(true)
    expect(new ViewerIndependence(renamed).covers(parse('{ person { motto } }'))).toBe(false)
  })
})
