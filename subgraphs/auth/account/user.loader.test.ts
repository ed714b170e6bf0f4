import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Viewer } from '../../../platform/access-token.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { type CountedReads, openCountedReads } from '../testing/counted-reads.ts'
import { createUserLoader } from './user.loader.ts'

let reads: CountedReads

beforeAll(async () => {
  reads = await openCountedReads()
})

afterAll(() => reads?.[Symbol.asyncDispose]())

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on User { id displayName email roles } }
}`

function resolve(ids: unknown[], viewer: Viewer | null) {
  return reads.run(viewer, ENTITIES, { representations: ids.map((id) => ({ __typename: 'User', id })) })
}

describe('References to users', () => {
  test('are resolved fifty at once with a single statement', async () => {
    const viewers = await Promise.all(Array.from({ length: 50 }, () => reads.add('MEMBER')))
    const [first] = viewers
    const ids = viewers.map(({ userId }) => encodeId('usr', userId))
    const { data, errors, statements } = await resolve([...ids, ids[0]], first ?? null)
    expect(errors).toBeUndefined()
    expect(statements).toHaveLength(1)
    const themself = { id: ids[0], displayName: 'Robin', email: expect.stringContaining('@'), roles: ['MEMBER'] }
    const others = ids.slice(1).map((id) => ({ id, displayName: 'Robin', email: null, roles: null }))
    expect(data).toEqual({ _entities: [themself, ...others, themself] })
  })

  test('are null where nobody is', async () => {
    const viewer = await reads.add('MEMBER')
    const { data, errors } = await resolve(
      [encodeId('usr', newUuid()), encodeId('usr', viewer.userId)],
      await reads.add('MEMBER'),
    )
    expect(errors).toBeUndefined()
    expect(data).toMatchObject({ _entities: [null, { id: encodeId('usr', viewer.userId) }] })
  })

  test('fail alone when they are malformed', async () => {
    const viewer = await reads.add('MEMBER')
    const id = encodeId('usr', viewer.userId)
    const { data, errors } = await resolve([id, 'nonsense', 7], viewer)
    expect(data).toMatchObject({ _entities: [{ id }, null, null] })
    expect(errors).toMatchObject([
      { path: ['_entities', 1], originalError: { code: 'BAD_USER_INPUT' } },
      { path: ['_entities', 2], originalError: { code: 'BAD_USER_INPUT' } },
    ])
  })

  test('of somebody who is not signed in are UNAUTHENTICATED, one by one', async () => {
    const { userId } = await reads.add('MEMBER')
    const { data, errors, statements } = await resolve([encodeId('usr', userId), encodeId('usr', newUuid())], null)
    expect(data).toEqual({ _entities: [null, null] })
    expect(errors).toMatchObject([
      { path: ['_entities', 0], originalError: { code: 'UNAUTHENTICATED' } },
      { path: ['_entities', 1], originalError: { code: 'UNAUTHENTICATED' } },
    ])
    expect(statements).toEqual([])
  })

  test('are read once for an operation, however often they occur', async () => {
    const { userId } = await reads.add('MEMBER')
    const loader = createUserLoader(reads.fork())
    const [first, second] = await Promise.all([loader.load(userId), loader.load(userId)])
    expect(first).toBe(second)
    expect(await loader.load(userId)).toBe(first)
  })
})
