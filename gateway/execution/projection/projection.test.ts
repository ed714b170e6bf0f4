import { buildSchema, type FragmentDefinitionNode, Kind, parse } from 'graphql'
import { describe, expect, it, vi } from 'vitest'
import { compileProjection } from './projection.ts'
import { ShapeCompiler } from './shape-compiler.ts'

const schema = buildSchema(`
  interface Node { id: ID! name: String peer: Node }
  type User implements Node { id: ID! name: String peer: User! tags: [String!] rank: Rank friends: [User!]! }
  type Team implements Node { id: ID! name: String peer: Node }
  union Member = User | Team
  enum Rank { HIGH LOW }
  type Query { user: User must: User! node: Node nodes: [Node] member: Member count: Int }
`)

const user = { __typename: 'User', id: 'u1', name: 'Ada', secret: 'key of another subgraph' }

function compile(source: string) {
  const { definitions } = parse(source)
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const it of definitions) if (it.kind === Kind.FRAGMENT_DEFINITION) fragments.set(it.name.value, it)
  const operation = definitions.find((it) => it.kind === Kind.OPERATION_DEFINITION)
  if (!operation) throw new Error('There is no operation.')
  return compileProjection(schema, operation, fragments)
}

/** As JSON, which shows the order of fields. */
function project(source: string, data: Record<string, unknown>, variables: Record<string, unknown> = {}): string {
  return JSON.stringify(compile(source).project(data, variables).data)
}

function faultsOf(source: string, data: Record<string, unknown>) {
  const { data: projected, faults } = compile(source).project(data, {})
  return [JSON.stringify(projected), ...faults.map(({ message, path }) => `${path?.join('.')}: ${message}`)]
}

describe('what a client gets of an object', () => {
  it('is what it selects and nothing that was fetched beside', () => {
    expect(project('{ user { name } }', { user, other: 1 })).toBe('{"user":{"name":"Ada"}}')
  })

  it('has its fields in the order of their selection, merged where they are selected first', () => {
    const source = '{ user { ...A name ... on User { tags } } user { id } } fragment A on User { rank id }'
    expect(project(source, { user: { ...user, tags: ['t'], rank: 'LOW' } })).toBe(
      '{"user":{"rank":"LOW","id":"u1","name":"Ada","tags":["t"]}}',
    )
  })

  it('has names that every object of JavaScript has only when they were fetched', () => {
    const source = '{ user { constructor: name toString: id __proto__: name hasOwnProperty: rank } }'
    const data = { user: JSON.parse('{"__proto__":"mine","toString":"u1"}') }
    expect(project(source, data)).toBe(
      '{"user":{"constructor":null,"toString":"u1","__proto__":"mine","hasOwnProperty":null}}',
    )
  })

  it('is of the type that the object says, in fragments over abstract types too', () => {
    const source = `{ nodes { ... on Node { id } ... on User { rank } ... on Team { name } ...M } }
      fragment M on Member { __typename ... on Team { team: id } }`
    const nodes = [{ ...user, rank: 'HIGH' }, { __typename: 'Team', id: 't1', name: 'Blue', team: 't1' }, null]
    expect(project(source, { nodes })).toBe(
      '{"nodes":[{"id":"u1","rank":"HIGH","__typename":"User"},{"id":"t1","name":"Blue","__typename":"Team","team":"t1"},null]}',
    )
  })

  it('is of the declared type where the object does not say it', () => {
    const source = '{ user { t: __typename ... on Node { ... on User { name } ... on Team { id } __typename } } }'
    expect(project(source, { user: { name: 'Ada' } })).toBe('{"user":{"t":"User","name":"Ada","__typename":"User"}}')
  })

  it('is of the type that the type of its parent declares where neither says more', () => {
    const source = '{ node { peer { __typename ... on User { rank } } } }'
    const node = { __typename: 'User', peer: { rank: 'LOW' } }
    expect(project(source, { node })).toBe('{"node":{"peer":{"__typename":"User","rank":"LOW"}}}')
  })

  it('is null when its type is asked for and it says no more than its interface', () => {
    expect(project('{ node { id __typename } }', { node: { __typename: 'Node', id: '1' } })).toBe('{"node":null}')
    expect(project('{ node { id ... on User { rank } } }', { node: { __typename: 'Node', id: '1' } })).toBe(
      '{"node":{"id":"1"}}',
    )
    expect(project('{ node { t: __typename } }', { node: { t: 'Team' } })).toBe('{"node":{"t":"Team"}}')
  })

  it('may be read in several places, and is not written into', () => {
    const shared = Object.freeze({ ...user, tags: Object.freeze(['t']) })
    const nodes = Object.freeze([shared, shared])
    expect(project('{ user { name } nodes { id ... on User { tags } } }', Object.freeze({ user: shared, nodes }))).toBe(
      '{"user":{"name":"Ada"},"nodes":[{"id":"u1","tags":["t"]},{"id":"u1","tags":["t"]}]}',
    )
  })

  it('at the root is of the root’s type, however a subgraph calls its own', () => {
    expect(project('{ __typename ... on Query { count } }', { __typename: 'RootQuery', count: 1 })).toBe(
      '{"__typename":"Query","count":1}',
    )
  })
})

describe('a value that does not fit its type', () => {
  it('is null and a fault, and makes its parent null where it may not be', () => {
    expect(faultsOf('{ user { rank tags } }', { user: { rank: 'MIDDLE', tags: ['a', 1, null] } })).toEqual([
      '{"user":{"rank":null,"tags":null}}',
      'user.rank: Invalid value found for field User.rank.',
      'user.tags.1: Invalid value found for array element of type String at index 1.',
      'user.tags.2: Cannot return null for non-nullable array element of type String at index 2.',
    ])
    expect(faultsOf('{ must { id } }', { must: { id: null } })).toEqual([
      'null',
      'must.id: Cannot return null for non-nullable field User.id.',
    ])
  })

  it('is a fault once, however many parents it makes null', () => {
    const data = { user: { peer: { friends: [{ id: '1' }, {}] } }, count: 1 }
    expect(faultsOf('{ user { peer { friends { key: id } } } count }', data)).toEqual([
      '{"user":null,"count":1}',
      'user.peer.friends.0.key: Cannot return null for non-nullable field User.key.',
      'user.peer.friends.1.key: Cannot return null for non-nullable field User.key.',
    ])
  })

  it('may be of a type that clients do not know', () => {
    expect(faultsOf('{ node { id } }', { node: { __typename: 'Hidden', id: '1' } })).toEqual([
      '{"node":null}',
      'node: Invalid __typename found for object at field Query.node.',
    ])
  })

  it('is told at most a thousand times', () => {
    const nodes = Array.from({ length: 3_000 }, () => ({ __typename: 'Hidden' }))
    const { data, faults } = compile('{ nodes { id } }').project({ nodes }, {})
    expect(faults).toHaveLength(1_000)
    expect(data?.nodes).toEqual(nodes.map(() => null))
  })

  it.each([
    ['{ nodes { id } }', { nodes: { id: 1 } }, 'Invalid non-list value at nodes'],
    ['{ nodes { id } }', { nodes: [{ __typename: 'User', id: '1' }, 'x'] }, 'Invalid non-object value at nodes.1'],
    ['{ node { id } }', { node: { __typename: null } }, 'Invalid non-string value for __typename at node'],
  ])('fails the whole answer when %s gets %j', (source, data, message) => {
    expect(() => compile(source).project(data, {})).toThrow(message)
  })
})

describe('@skip and @include', () => {
  const SOURCE = `query($a: Boolean!, $b: Boolean = true) {
    user @include(if: $a) { id ...N @skip(if: $b) name @skip(if: true) } count @include(if: false)
  } fragment N on User { name }`

  it('leave out what the variables say, or their defaults', () => {
    expect(project(SOURCE, { user }, { a: true })).toBe('{"user":{"id":"u1"}}')
    expect(project(SOURCE, { user }, { a: true, b: false })).toBe('{"user":{"id":"u1","name":"Ada"}}')
    expect(project(SOURCE, { user }, { a: false, b: false })).toBe('{}')
  })

  it('hold for each request anew, however many assignments there were', () => {
    const names = Array.from({ length: 7 }, (_, index) => `v${index}`)
    const fields = names.map((name) => `${name}: count @include(if: $${name})`).join(' ')
    const projection = compile(`query(${names.map((name) => `$${name}: Boolean!`).join(' ')}) { ${fields} }`)
    const data = Object.fromEntries(names.map((name) => [name, 1]))
    for (let bits = 0; bits < 256; bits += 1) {
      const variables = Object.fromEntries(names.map((name, index) => [name, ((bits >> index) & 1) === 1]))
      const included = names.filter((name) => variables[name])
      expect(Object.keys(projection.project(data, variables).data ?? {})).toEqual(included)
      expect(projection.selectsData(variables)).toBe(included.length > 0)
    }
  })

  it('are kept compiled for four assignments, and compiled again for more', () => {
    const compiling = vi.spyOn(ShapeCompiler.prototype, 'objectShape')
    const projection = compile(
      'query($c: Boolean!, $d: Boolean!, $e: Boolean!) { ...C } fragment C on Query { count @skip(if: $c) a: count @skip(if: $d) b: count @skip(if: $e) }',
    )
    const compiledFor = (assignments: number) => {
      compiling.mockClear()
      for (let bits = 0; bits < assignments; bits += 1) {
        projection.project({}, { c: bits % 2 === 0, d: (bits >> 1) % 2 === 0, e: (bits >> 2) % 2 === 0 })
      }
      return compiling.mock.calls.length
    }
    expect([compiledFor(4), compiledFor(4), compiledFor(4)]).toEqual([4, 0, 0])
    expect([compiledFor(5), compiledFor(5)]).toEqual([1, 5])
    compiling.mockRestore()
  })

  it('refuse a variable that a default let be null', () => {
    const projection = compile(SOURCE)
    expect(() => projection.selectsData({ a: true, b: null })).toThrow('The variable "$b" decides about @skip')
  })
})

describe('introspection', () => {
  it('is answered beside data, in fragments, under aliases and with variables', () => {
    const source = `query($type: String!, $all: Boolean = false) {
      count ...S user { id }
    }
    fragment S on Query { s: __schema { queryType { ...T } } t: __type(name: $type) { kind ...T } t: __type(name: $type) { fields @include(if: $all) { name } } }
    fragment T on __Type { name }`
    const projected = project(source, { count: 2, user, s: 'not of a subgraph' }, { type: 'Rank' })
    expect(projected).toBe(
      '{"count":2,"s":{"queryType":{"name":"Query"}},"t":{"kind":"ENUM","name":"Rank"},"user":{"id":"u1"}}',
    )
    expect(project('{ __type(name: "None") { name } }', {})).toBe('{"__type":null}')
  })

  it('needs no data of subgraphs, and neither does the root’s own type', () => {
    expect(compile('{ __typename s: __schema { queryType { name } } }').selectsData({})).toBe(false)
    expect(compile('{ ... on Query { __typename count } }').selectsData({})).toBe(true)
  })
})
