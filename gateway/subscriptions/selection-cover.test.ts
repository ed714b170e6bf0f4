import { buildSchema } from 'graphql'
import { expect, it } from 'vitest'
import { covers } from './selection-cover.ts'

const SCHEMA = buildSchema(`
  type Query { unused: Int }
  type Subscription { told(by: Int): Node }
  interface Node { id: ID! name(long: Boolean): String next: Node }
  type One implements Node { id: ID! name(long: Boolean): String next: Node }
  type Two implements Node { id: ID! name(long: Boolean): String next: Node }
`)

const ALL = 'subscription { told(by: 1) { __typename id name next { id name } } }'

it.each<[asked: string, answered: string, isCovered: boolean]>([
  [ALL, ALL, true],
  ['subscription Other { told(by: 1) { id } }', ALL, true],
  ['subscription { told(by: 1) { ... on One { name } } }', ALL, true],
  ['subscription { told(by: 1) { ... on One { ... on Node { next { name } } } } }', ALL, true],
  ['subscription { told(by: 1) { ...F } } fragment F on Two { name }', ALL, true],
  [ALL, 'subscription { told(by: 1) { __typename id name next { id ... on One { name } } } }', false],
  ['subscription { told(by: 1) { id } }', 'subscription { told(by: 2) { id } }', false],
  ['subscription { told(by: 1) { name } }', 'subscription { told(by: 1) { name(long: true) } }', false],
  ['subscription { told(by: 1) { other: name } }', ALL, false],
  ['subscription { told(by: 1) { name @include(if: true) } }', ALL, false],
  [
    'subscription { told(by: 1) { next { ...F name } } } fragment F on Node { ...G } fragment G on Node { id }',
    'subscription { told(by: 1) { ...F next { name } } } fragment F on Node { next { ...G } } fragment G on Node { id }',
    true,
  ],
  [
    'subscription { told(by: 1) { next { next { id } } } }',
    'subscription { told(by: 1) { next { ... on One { next { id } } ... on Two { next { name } } } } }',
    false,
  ],
  [
    'subscription { told(by: 1) { next { ... on One { next { id } } } } }',
    'subscription { told(by: 1) { next { ... on One { next { id } } ... on Two { next { name } } } } }',
    true,
  ],
  ['subscription { told(by: 1) { id } }', 'subscription { told(by: 1) { ... @skip(if: false) { id } } }', false],
])('what is asked by %s is answered by %s: %s', (asked, answered, isCovered) => {
  expect(covers(SCHEMA, answered, asked)).toBe(isCovered)
})

/** Eight types of an interface whose objects lead to one another. */
const MANY = buildSchema(`
  type Query { unused: Int }
  type Subscription { added: Node }
  interface Node { id: ID! parent: Node }
  ${repeated(8, (index) => `type T${index} implements Node { id: ID! parent: Node }`)}
`)

function repeated(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join(' ')
}

function nested(depth: number, last: string): string {
  return depth === 0 ? last : `id parent { ${nested(depth - 1, last)} }`
}

it('compares objects of abstract types in one another in no more time than their selections take', () => {
  const [all, part] = ['id', '... on T3 { id }'].map((last) => `subscription { added { ${nested(12, last)} } }`)
  expect(covers(MANY, all ?? '', part ?? '')).toBe(true)
  expect(covers(MANY, part ?? '', all ?? '')).toBe(false)
}, 2_000)

it('takes for not answered what has too many combinations of types to be compared', () => {
  const chains = (depth: number): string =>
    depth === 0 ? 'id' : repeated(3, (type) => `... on T${type} { parent { ${nested(depth, `a${type}: id`)} } }`)
  const level = (depth: number): string => (depth === 0 ? 'id' : `${chains(depth)} parent { ${level(depth - 1)} }`)
  const source = `subscription { added { ${level(10)} } }`
  expect(covers(MANY, source, source)).toBe(false)
}, 2_000)
