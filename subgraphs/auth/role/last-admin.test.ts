import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../testing/auth-client.ts'
import { type HeldLock, holdLock, waitingForLocks } from '../testing/lock-queue.ts'
import { enterAs, type Person } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

interface Outcome {
  result: { user?: { id: string } | null; userErrors: { code: string; path: string[] }[] } | null
}

const DEMOTE = `mutation ($userId: ID!) {
  result: setUserRoles(input: { userId: $userId, roles: [MEMBER] }) { user { id } userErrors { code path } }
}`
const SUSPEND = `mutation ($userId: ID!) {
  result: suspendUser(input: { userId: $userId }) { user { id } userErrors { code path } }
}`
const DELETE = `mutation ($userId: ID!) {
  result: deleteUser(input: { userId: $userId }) { userErrors { code path } }
}`

const clock = new ManualClock()
let auth: RunningAuth

beforeAll(async () => {
  auth = await startTestAuth(clock)
})

afterEach(() => auth.sql.query('DELETE FROM auth.user'))

afterAll(() => auth?.[Symbol.asyncDispose]())

const ask = async (mutation: string, actor: Person, subject: Person) =>
  auth.client.query<Outcome>(mutation, { userId: subject.user.id }, actor.tokens.accessToken)

async function activeAdmins(): Promise<string[]> {
  const { rows } = await auth.sql.query(
    `SELECT username FROM auth.user WHERE 'ADMIN' = ANY (roles) AND suspended_at IS NULL`,
  )
  return rows.map(({ username }) => username)
}

/** Does everything at once: nobody may lock a user until all of them are about to. */
async function together(...work: (() => Promise<unknown>)[]): Promise<void> {
  await using lock = await lockRowsOf()
  const done = Promise.all(work.map((start) => start()))
  await expect.poll(() => waitingForLocks(auth, 'FOR UPDATE'), { timeout: 10_000 }).toBe(work.length)
  await lock.letGo()
  await done
}

/** Locks the rows of these people, or of all. */
function lockRowsOf(...people: Person[]): Promise<HeldLock> {
  const usernames = people.map(({ user }) => user.username)
  const rows = `SELECT FROM auth.user WHERE username = ANY ($1) OR $1 = '{}'::text[] ORDER BY id FOR UPDATE`
  return holdLock(auth, rows, [usernames])
}

describe('The last administrator', () => {
  test.each([
    ['demoted', DEMOTE],
    ['suspended', SUSPEND],
    ['deleted', DELETE],
  ])('cannot be %s, not even by themself', async (_what, mutation) => {
    const ada = await enterAs(auth, 'ADMIN')
    const { data } = await ask(mutation, ada, ada)
    expect(data?.result).toMatchObject({ userErrors: [{ code: 'LAST_ADMIN', path: ['input'] }] })
    expect(await activeAdmins()).toEqual([ada.user.username])
  })

  test('is the last although another one is suspended', async () => {
    const [ada, grace] = [await enterAs(auth, 'ADMIN'), await enterAs(auth, 'ADMIN')]
    expect((await ask(SUSPEND, ada, grace)).data?.result?.userErrors).toEqual([])
    expect((await ask(DEMOTE, ada, ada)).data?.result?.userErrors).toMatchObject([{ code: 'LAST_ADMIN' }])
    // One who is suspended is nobody's last hope.
    expect((await ask(DEMOTE, ada, grace)).data?.result?.userErrors).toEqual([])
    expect(await activeAdmins()).toEqual([ada.user.username])
  })

  test.each([
    ['demote', DEMOTE, DEMOTE],
    ['suspend', SUSPEND, SUSPEND],
    ['delete', DELETE, DELETE],
    ['demote and suspend', DEMOTE, SUSPEND],
    ['delete and demote', DELETE, DEMOTE],
  ])('is left when two %s one another at once', async (_what, first, second) => {
    for (let round = 0; round < 5; round += 1) {
      const [ada, grace] = [await enterAs(auth, 'ADMIN'), await enterAs(auth, 'ADMIN')]
      await together(
        () => ask(first, ada, grace),
        () => ask(second, grace, ada),
      )
      expect(await activeAdmins()).toHaveLength(1)
      await auth.sql.query('DELETE FROM auth.user')
    }
  })

  test('is left when all of many give up at once', async () => {
    const ways = [DEMOTE, SUSPEND, DELETE]
    const admins = await Promise.all(Array.from({ length: 6 }, () => enterAs(auth, 'ADMIN')))
    await together(...admins.map((admin, index) => () => ask(ways[index % ways.length] ?? DEMOTE, admin, admin)))
    expect(await activeAdmins()).toHaveLength(1)
  })
})

describe('What an administrator is doing at the moment', () => {
  test.each([
    ['suspended', SUSPEND],
    ['deleted', DELETE],
    ['demoted', DEMOTE],
  ])('does not keep a member from being %s', async (_what, mutation) => {
    const [ada, grace, bob] = [await enterAs(auth, 'ADMIN'), await enterAs(auth, 'ADMIN'), await auth.client.enter()]
    await using _lock = await lockRowsOf(ada, grace)
    expect((await ask(mutation, ada, bob)).data?.result?.userErrors).toEqual([])
  })

  test.each([
    ['suspended', SUSPEND],
    ['deleted', DELETE],
    ['demoted', DEMOTE],
  ])('does not keep another administrator from being %s', async (_what, mutation) => {
    const [ada, grace] = [await enterAs(auth, 'ADMIN'), await enterAs(auth, 'ADMIN')]
    await using _lock = await lockRowsOf(ada)
    expect((await ask(mutation, ada, grace)).data?.result?.userErrors).toEqual([])
    expect(await activeAdmins()).toEqual([ada.user.username])
  })
})
