import { buildSchema } from 'graphql'
import { describe, expect, it } from 'vitest'
import { readDocument, sha256 } from './document-reader.ts'

const schema = buildSchema(`
  directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT
  type Query { me: User }
  type Mutation { add: User }
  type Subscription { added: User }
  type User { id: ID! friend: User }
`)
const limits = { tokens: 1_000, depth: 10, aliases: 10, rootFields: 10, cost: 1_000 }

function errorsOf(source: string): string[] {
  const read = readDocument(source, sha256(source), { schema, limits, production: false })
  return 'document' in read ? [] : read.map(({ message }) => message)
}

describe('@defer', () => {
  it('is for fragments of queries and below the root fields of mutations', () => {
    expect(
      errorsOf('{ ... @defer { me { id ...F @defer(label: "a", if: true) } } } fragment F on User { id }'),
    ).toEqual([])
    expect(errorsOf('mutation { add { ... @defer { id } } }')).toEqual([])
  })

  it('is refused at the root of a mutation', () => {
    expect(errorsOf('mutation { ... @defer { add { id } } }')).toEqual([expect.stringContaining('root fields')])
    expect(errorsOf('mutation { ...F @defer } fragment F on Mutation { add { id } }')).toEqual([
      expect.stringContaining('root fields'),
    ])
  })

  it('is refused in a subscription, in its fragments too, unless a condition may be false', () => {
    const refused = [expect.stringContaining('leave it out of subscriptions')]
    expect(errorsOf('subscription { added { ... @defer { id } } }')).toEqual(refused)
    expect(errorsOf('subscription { added { ...F } } fragment F on User { ... @defer(if: true) { id } }')).toEqual(
      refused,
    )
    expect(errorsOf('subscription { added { ... @defer(if: false) { id } } }')).toEqual([])
    expect(errorsOf('subscription($x: Boolean!) { added { ... @defer(if: $x) { id } } }')).toEqual([])
  })

  it('has labels that are written out and differ', () => {
    expect(errorsOf('{ me { ... @defer(label: "a") { id } friend { ... @defer(label: "a") { id } } } }')).toEqual([
      expect.stringContaining('a label of its own'),
    ])
    expect(errorsOf('query($l: String) { me { ... @defer(label: $l) { id } } }')).toEqual([
      expect.stringContaining('written out'),
    ])
  })

  it('is not for fields, and @stream is no directive', () => {
    expect(errorsOf('{ me @defer { id } }')).toEqual([expect.stringContaining('may not be used on FIELD')])
    expect(errorsOf('{ me { ... @stream { id } } }')).toEqual([expect.stringContaining('Unknown directive "@stream"')])
  })

  it('adds nothing to what an operation may ask for', () => {
    const nested = (depth: number): string => (depth === 0 ? 'id' : `friend { ... @defer { ${nested(depth - 1)} } }`)
    expect(errorsOf(`{ me { ${nested(12)} } }`)).toEqual([expect.stringContaining('10')])
  })
})
