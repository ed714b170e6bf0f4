import { buildSchema } from 'graphql'
import { expect, it } from 'vitest'
import { readDocument, sha256 } from './document-reader.ts'

const schema = buildSchema('type Query { me: User } type User { id: ID! friend: User }')
const limits = { tokens: 1_000, depth: 10, aliases: 10, rootFields: 10, cost: 1_000 }

function errorsOf(source: string): string[] {
  const read = readDocument(source, sha256(source), { schema, limits, production: false })
  return 'document' in read ? [] : read.map(({ message }) => message)
}

it.each([
  '{ me { __typename: id } }',
  '{ __typename: me { id } }',
  '{ me { ...F } } fragment F on User { __typename: friend { id } }',
])('%s is refused: the type of an object is told by that name', (source) => {
  expect(errorsOf(source)).toEqual([expect.stringContaining('another alias')])
})

it('the type itself may be asked for by its name, and by any other', () => {
  expect(errorsOf('{ __typename me { __typename: __typename type: __typename __id: id } }')).toEqual([])
})
