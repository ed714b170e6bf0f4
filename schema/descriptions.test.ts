import { parse } from 'graphql'
import { expect, test } from 'vitest'
import { undescribedElements } from './descriptions.ts'

test('every kind of element without a description is listed by its coordinate', () => {
  const document = parse(`
    directive @resumable(after: String!) on FIELD_DEFINITION
    scalar Cursor
    union Found = Room
    enum Kind { GROUP }
    interface Node { id: ID! }
    type Room { members(first: Int): Int }
    input RoomInput { title: String }
    extend type Room { topic: String }
    extend enum Kind { CHANNEL }
  `)
  expect(undescribedElements(document)).toEqual([
    '@resumable',
    '@resumable(after:)',
    'Cursor',
    'Found',
    'Kind',
    'Kind.GROUP',
    'Node',
    'Node.id',
    'Room',
    'Room.members',
    'Room.members(first:)',
    'RoomInput',
    'RoomInput.title',
    'Room.topic',
    'Kind.CHANNEL',
  ])
})

test('an empty description does not describe', () => {
  expect(undescribedElements(parse('" " scalar Cursor'))).toEqual(['Cursor'])
})

test('described elements, links and applied directives are not listed', () => {
  const document = parse(`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    "A room." type Room @key(fields: "id") { "Its id." id("Unused." raw: Boolean): ID! @deprecated(reason: "none") }
  `)
  expect(undescribedElements(document)).toEqual([])
})
