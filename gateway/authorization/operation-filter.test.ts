import { type DocumentNode, parse, print, stripIgnoredCharacters, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Viewer } from '../../platform/access-token.ts'
import { Authorization } from './authorization.ts'
import { filterOperation } from './operation-filter.ts'
import { readRules } from './rules.ts'
import { guardedSupergraph, partsOf, viewerWith } from './testing/guarded-supergraph.ts'

const TYPES = `
  type Query {
    open: String
    mine: String @authenticated
    both: String @authenticated @requiresScopes(scopes: [["a"]])
    either: String @requiresScopes(scopes: [["a", "b"], ["c"]])
    judged: String @policy(policies: [["p"]])
    args(by: Int): Thing
    thing: Thing
    things: [Thing!]!
    locked: Locked
    at: Time
    mood: Mood
    node: Node
    pet: Pet
    vault: Vault
  }
  type Mutation { write(text: String): Thing @requiresScopes(scopes: [["write"]]) look: Thing }
  type Subscription { told: Thing @authenticated said: Thing }
  type Thing { id: ID! mine(by: Int): String @authenticated also: String @authenticated thing: Thing }
  type Locked @authenticated { id: ID! }
  scalar Time @requiresScopes(scopes: [["time"]])
  enum Mood @authenticated { HAPPY }
  interface Node { id: ID! name: String next: Node }
  type Free implements Node { id: ID! name: String next: Free! }
  type Guarded implements Node { id: ID! name: String @authenticated next: Node }
  type Hidden implements Node @requiresScopes(scopes: [["hidden"]]) { id: ID! name: String next: Node }
  union Pet = Free | Hidden
  interface Vault { id: ID! }
  type Safe implements Vault @authenticated { id: ID! }
`

const GRAPH = guardedSupergraph([TYPES])

function filtered(
  query: string,
  viewer: Viewer | null = null,
  policies: readonly string[] = [],
  graph: typeof GRAPH = GRAPH,
): string {
  const { clientSchema } = graph
  const document = parse(query)
  expect(validate(clientSchema, document)).toEqual([])
  const left = leftOf(graph, document, viewer, policies)
  if (!left) return ''
  expect(validate(clientSchema, left)).toEqual([])
  return stripIgnoredCharacters(print(left))
}

function leftOf(
  { supergraph, clientSchema }: typeof GRAPH,
  document: DocumentNode,
  viewer: Viewer | null,
  policies: readonly string[],
): DocumentNode | undefined {
  const rules = readRules(supergraph.schema)
  if (!rules) throw new Error('There are no rules.')
  const authorization = new Authorization(rules, clientSchema, () => new Set(policies))
  const denials = authorization.denialsOf(document, undefined, viewer)
  const { operation, fragments } = partsOf(document)
  return denials ? filterOperation(clientSchema, operation, fragments, denials) : document
}

describe('an operation', () => {
  it.each<[what: string, query: string, left: string]>([
    ['loses a field', '{ open mine }', '{open}'],
    ['loses a field whatever it is called', '{ open x: mine }', '{open}'],
    ['loses a field of an object', '{ thing { id mine } }', '{thing{id}}'],
    ['keeps an object of which nothing is left', '{ thing { mine also } }', '{thing{__typename}}'],
    ['of which nothing is left fetches nothing', '{ mine locked { id } }', ''],
    ['loses what returns a type that is denied', '{ open locked { id } }', '{open}'],
    ['loses a scalar', '{ open at }', '{open}'],
    ['loses an enum', '{ open mood }', '{open}'],
    ['keeps its conditions', '{ open @skip(if: true) mine @skip(if: true) }', '{open@skip(if:true)}'],
    ['loses an inline fragment', '{ open ... { mine } ... on Query { locked { id } } }', '{open}'],
    [
      'loses fragments, and those that only they spread',
      '{ open ...A } fragment A on Query { mine ...B } fragment B on Query { locked { ...C } } fragment C on Locked { id }',
      '{open}',
    ],
    [
      'keeps what is left of a fragment, once',
      '{ a: thing { ...T } b: thing { ...T } } fragment T on Thing { id mine }',
      '{a:thing{...T}b:thing{...T}}fragment T on Thing{id}',
    ],
    [
      'loses the variables that nothing uses any more',
      'query Q($a: Int, $b: Int, $c: Boolean!) { thing { mine(by: $a) } args(by: $b) { id } open @include(if: $c) }',
      'query Q($b:Int$c:Boolean!){thing{__typename}args(by:$b){id}open@include(if:$c)}',
    ],
    ['keeps what is asked of the schema', '{ mine __schema { queryType { name } } }', '{__schema{queryType{name}}}'],
    ['keeps allowed mutations', 'mutation { look { id } write { id } }', 'mutation{look{id}}'],
    ['may have no mutation left', 'mutation { write { id } }', ''],
    ['may have no subscription left', 'subscription { told { id } }', ''],
  ])('%s', (_what, query, left) => {
    expect(filtered(query)).toBe(left)
  })
})

describe('of an abstract type, an operation', () => {
  it.each<[what: string, query: string, left: string]>([
    ['asks for what is allowed on its objects alone', '{ node { __typename } }', '{node{__typename}}'],
    [
      'asks for a field on those objects whose own is allowed',
      '{ node { name } }',
      '{node{...on Free{...on Node{name}}}}',
    ],
    [
      'asks for fields with the same objects together',
      '{ node { id k: id name } }',
      '{node{...on Free{...on Node{id k:id}}...on Guarded{...on Node{id k:id}}...on Free{...on Node{name}}}}',
    ],
    [
      'asks for it on every level',
      '{ node { next { name } } }',
      '{node{...on Free{...on Node{next{...on Free{...on Node{name}}}}}...on Guarded{...on Node{next{...on Free{...on Node{name}}}}}}}',
    ],
    [
      'keeps fragments on objects that are allowed',
      '{ pet { ... on Free { name } ... on Hidden { id } } }',
      '{pet{...on Free{name}}}',
    ],
    [
      'keeps the type of a union of which nothing else is left',
      '{ pet { ... on Hidden { id } } }',
      '{pet{__typename}}',
    ],
    ['loses a field all of whose objects are denied', '{ open vault { id } }', '{open}'],
  ])('%s', (_what, query, left) => {
    expect(filtered(query)).toBe(left)
  })

  it('is as it was for somebody who may see all of it', () => {
    const query = '{node{id name next{name}}pet{...on Hidden{id}}}'
    expect(filtered(query, viewerWith('hidden'))).toBe(query)
  })
})

it('that would be written out for too many objects on too many levels is refused', () => {
  const deep = (levels: number): string => (levels === 0 ? 'name' : `id next { ${deep(levels - 1)} }`)
  expect(filtered(`{ node { ${deep(8)} } }`)).toContain('next')
  expect(() => filtered(`{ node { ${deep(30)} } }`)).toThrow(/has more than 10000 selections/)
})

describe('of an interface that requires something itself, as older compositions allow,', () => {
  const ownNames =
    'interface Named { name: String other: String } type One implements Named { name: String other: String }'
  const on = (place: RegExp) => {
    const types = `type Query { open: String @authenticated named: Named one: One } ${ownNames}`
    return guardedSupergraph([types], (sdl) => sdl.replace(place, '$& @authenticated'))
  }

  it.each<[what: string, place: RegExp, query: string, left: string]>([
    ['nothing is left where it is asked', /interface Named\b/, '{named{name}one{name}}', '{one{name}}'],
    ['its own fragments are lost', /interface Named\b/, '{one{other ...on Named{name}}}', '{one{other}}'],
    [
      'objects in them are not',
      /interface Named\b/,
      '{one{...on Named{...on One{name}}}}',
      '{one{...on Named{...on One{name}}}}',
    ],
    ['a field is lost', /interface Named[^}]*name: String/, '{named{other name}one{name}}', '{named{other}one{name}}'],
  ])('%s', (_what, place, query, left) => {
    expect(filtered(query, null, [], on(place))).toBe(left)
  })
})

it('does not ask for what is denied on an object that clients do not know', () => {
  const graph = guardedSupergraph([
    `type Query { named: Named open: String }
     interface Named { name: String other: String }
     type Seen implements Named { name: String other: String }
     type Unseen implements Named @inaccessible { name: String @authenticated other: String }`,
  ])
  expect(filtered('{named{name other}}', null, [], graph)).toBe('{named{other ...on Seen{...on Named{name}}}}')
})

describe('a rule', () => {
  const query = '{open mine both either judged at}'
  it.each<[whose: string, viewer: Viewer | null, policies: string[], left: string]>([
    ['somebody anonymous', null, [], '{open}'],
    ['somebody signed in', viewerWith(), [], '{open mine}'],
    ['somebody with one scope', viewerWith('a'), [], '{open mine both}'],
    ['somebody with scopes of two lists', viewerWith('b', 'time'), [], '{open mine at}'],
    ['somebody with all scopes of a list', viewerWith('a', 'b'), [], '{open mine both either}'],
    ['somebody with another list', viewerWith('c'), [], '{open mine either}'],
    ['a policy that is granted, also to somebody anonymous', null, ['p'], '{open judged}'],
    ['all of it', viewerWith('a', 'c', 'time'), ['p'], query],
  ])('is met by %s', (_whose, viewer, policies, left) => {
    expect(filtered(query, viewer, policies)).toBe(left)
  })
})
