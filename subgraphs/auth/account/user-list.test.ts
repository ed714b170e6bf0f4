import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeCursor } from '../../../platform/connection.ts'
import { decodeId, newUuid } from '../../../platform/ids.ts'
import type { Role } from '../role/role.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { enterAs, type Person } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

interface UserPage {
  edges: { cursor: string; node: { id: string } }[]
  nodes: { id: string; username: string; email: string | null; status: string | null; roles: Role[] | null }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  totalCount?: number
}

interface PageArguments {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
  query?: string | null
  role?: Role | null
}

const LIST = `query ($first: Int, $after: Cursor, $last: Int, $before: Cursor, $query: String, $role: Role) {
  users(first: $first, after: $after, last: $last, before: $before, query: $query, role: $role) {
    edges { cursor node { id } }
    nodes { id username email status roles }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}`

const clock = new ManualClock()
let auth: RunningAuth
let admin: Person
let emilie: Awaited<ReturnType<RunningAuth['client']['signUp']>>

beforeAll(async () => {
  auth = await startTestAuth(clock)
  admin = await enterAs(auth, 'ADMIN')
  emilie = await auth.client.signUp({
    username: 'Brew.Stone',
    displayName: 'Gabrielle ÉMILIE du Châtelet',
    email: 'du.Chatelet@example.com',
  })
})

afterAll(() => auth?.[Symbol.asyncDispose]())

async function askFor(args: PageArguments, accessToken = admin.tokens.accessToken) {
  return auth.client.query<{ users: UserPage | null }>(LIST, args, accessToken)
}

async function list(args: PageArguments): Promise<UserPage> {
  const { data, errors } = await askFor(args)
  expect(errors).toBeUndefined()
  if (!data?.users) throw new Error('There is no page.')
  return data.users
}

/** Puts users straight into the table, as many as a test needs; their ids say when they were made. */
async function addUsers(prefix: string, ids: readonly string[]): Promise<void> {
  await auth.sql.query(
    `INSERT INTO auth.user (id, email, email_key, username, username_key, display_name, roles, created_at)
     SELECT id, name || '@example.com', name || '@example.com', name, name, 'Somebody', '{MEMBER}', now()
     FROM unnest($1::uuid[], $2::text[]) AS someone (id, name)`,
    [ids, ids.map((id) => `${prefix}.${id.slice(-12)}`)],
  )
}

const idsOf = ({ nodes }: UserPage) => nodes.map(({ id }) => decodeId('usr', id))
const codesOf = (answer: Awaited<ReturnType<typeof askFor>>) => answer.errors?.map(({ extensions }) => extensions.code)

describe('users', () => {
  test('lists everybody in the order of their accounts, with what is theirs alone', async () => {
    const people = [await auth.client.enter(), await auth.client.enter(), await auth.client.enter()]
    await auth.sql.query('UPDATE auth.user SET suspended_at = now() WHERE username = $1', [people[1]?.user.username])
    const { nodes, edges, pageInfo } = await list({ last: 3 })
    expect(nodes).toEqual(
      people.map(({ user: { id, username, email } }, index) => ({
        id,
        username,
        email,
        status: index === 1 ? 'SUSPENDED' : 'ACTIVE',
        roles: ['MEMBER'],
      })),
    )
    expect(edges.map(({ node }) => node.id)).toEqual(nodes.map(({ id }) => id))
    expect(pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: true,
      startCursor: edges[0]?.cursor,
      endCursor: edges[2]?.cursor,
    })
  })

  test('lists fifty when it is not told how many, and counts all', async () => {
    const prefix = newUuid().slice(-8)
    await addUsers(
      prefix,
      Array.from({ length: 60 }, () => newUuid()),
    )
    const page = await list({ query: prefix })
    expect(page.nodes).toHaveLength(50)
    expect(page.totalCount).toBe(60)
    expect(page.pageInfo.hasNextPage).toBe(true)
    expect((await list({ query: prefix, after: page.pageInfo.endCursor })).totalCount).toBe(60)
  })

  test.each([
    ['the username', 'brew.st'],
    ['the display name', 'émilie du'],
    ['the email address', 'CHATELET@EXAMPLE'],
    ['any of them, between white space', '  Brew.St\n'],
  ])('finds by what stands in %s, whatever the case', async (_where, query) => {
    expect((await list({ query })).nodes.map(({ id }) => id)).toEqual([emilie.user?.id])
  })

  test.each([
    ['%', '100% cotton', '1000 cotton'],
    ['c_t', 'c_t', 'cat'],
    ['back\\s', 'back\\slash', 'backs'],
  ])('takes %j for itself, not for a pattern', async (query, displayName, other) => {
    const { user } = await auth.client.signUp({ displayName })
    await auth.client.signUp({ displayName: other })
    const { nodes, totalCount } = await list({ query })
    expect(nodes.map(({ id }) => id)).toEqual([user?.id])
    expect(totalCount).toBe(1)
  })

  test('lists those with a role', async () => {
    const moderator = await enterAs(auth, 'MODERATOR')
    const moderators = await list({ role: 'MODERATOR' })
    expect(moderators.nodes).toMatchObject([{ id: moderator.user.id, roles: ['MEMBER', 'MODERATOR'] }])
    expect(moderators.totalCount).toBe(1)
    expect((await list({ role: 'MODERATOR', query: admin.user.username })).nodes).toEqual([])
    expect((await list({ role: 'ADMIN' })).nodes).toMatchObject([{ id: admin.user.id }])
  })

  test('filters nothing with a query of white space', async () => {
    const all = await list({ query: null })
    expect((await list({ query: ' \t ' })).totalCount).toBe(all.totalCount)
  })

  test.each<[what: string, args: PageArguments]>([
    ['an empty page', { first: 0 }],
    ['a page of 101', { first: 101 }],
    ['a page of minus one', { last: -1 }],
    ['two directions', { first: 1, last: 1 }],
    ['a cursor of another list', { after: encodeCursor('username', 'ada') }],
    ['a cursor that holds no id', { before: encodeCursor('user', 'ada') }],
    ['a cursor that holds an object', { before: encodeCursor('user', { id: newUuid() }) }],
    ['a cursor that is none', { after: 'nonsense' }],
    ['an empty cursor', { after: '' }],
    ['a query of 101 characters', { query: 'a'.repeat(101) }],
    ['a query with NUL in it', { query: 'a\0' }],
    ['a query with half a surrogate pair in it', { query: 'a\ud800' }],
  ])('refuses %s', async (_what, args) => {
    expect(codesOf(await askFor(args))).toEqual(['BAD_USER_INPUT'])
  })

  test('is for holders of USERS_READ', async () => {
    const moderator = await enterAs(auth, 'MODERATOR')
    expect(codesOf(await askFor({}, moderator.tokens.accessToken))).toEqual(['FORBIDDEN'])
    expect((await auth.client.query(LIST, {})).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })

  describe('read page by page while accounts are made', () => {
    /** The sizes of the pages, and how many accounts are made before each: now, and with ids from a while ago. */
    const walk = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(2), fc.nat(1)), {
      minLength: 1,
      maxLength: 4,
    })
    const somewhereBefore = () =>
      newUuid().replace(/^.{8}/, (time) => (Number.parseInt(time, 16) - 1).toString(16).padStart(8, '0'))

    test.each(['forward', 'backward'] as const)('%s shows everybody once and in order', async (direction) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(9), walk, async (count, steps) => {
          const prefix = newUuid().slice(-8)
          const atFirst = Array.from({ length: count }, () => newUuid())
          await addUsers(prefix, atFirst)
          const seen: string[] = []
          let cursor: string | null = null
          for (let step = 0, goesOn = true; goesOn; step += 1) {
            const [size, newer, older] = steps[step % steps.length] ?? [1, 0, 0]
            const page: UserPage =
              direction === 'forward'
                ? await list({ first: size, after: cursor, query: prefix })
                : await list({ last: size, before: cursor, query: prefix })
            seen.splice(direction === 'forward' ? seen.length : 0, 0, ...idsOf(page))
            goesOn = direction === 'forward' ? page.pageInfo.hasNextPage : page.pageInfo.hasPreviousPage
            cursor = (direction === 'forward' ? page.pageInfo.endCursor : page.pageInfo.startCursor) ?? cursor
            if (step < steps.length) {
              await addUsers(prefix, [
                ...Array.from({ length: newer }, () => newUuid()),
                ...Array.from({ length: older }, somewhereBefore),
              ])
            }
          }
          expect(seen).toEqual([...new Set(seen)].sort())
          expect(atFirst.filter((id) => !seen.includes(id))).toEqual([])
        }),
        { numRuns: 15 },
      )
    })
  })
})
