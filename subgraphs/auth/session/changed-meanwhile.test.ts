import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { inOrderOfLocks } from '../testing/lock-queue.ts'
import { enterAs, type Person } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const clock = new ManualClock()
let auth: RunningAuth
let admin: Person

beforeAll(async () => {
  auth = await startTestAuth(clock)
  admin = await enterAs(auth, 'ADMIN')
})

afterAll(() => auth?.[Symbol.asyncDispose]())

const NEXT = 'a quite different phrase'
const OTHER = 'one more different phrase'

/** What one mutation came to: `ok`, or the code of what was wrong. */
async function outcomeOf(mutation: string, accessToken?: string): Promise<string> {
  const { data, errors } = await auth.client.query<{ result: { userErrors: { code: string }[] } | null }>(
    `mutation { result: ${mutation} { userErrors { code } } }`,
    {},
    accessToken,
  )
  return errors?.[0]?.extensions.code ?? data?.result?.userErrors[0]?.code ?? 'ok'
}

const text = JSON.stringify
const suspend =
  ({ user }: Person) =>
  () =>
    outcomeOf(`suspendUser(input: { userId: ${text(user.id)} })`, admin.tokens.accessToken)
const refresh = (token: string) => () => outcomeOf(`refreshTokens(input: { refreshToken: ${text(token)} })`)
const signIn = (login: string, password: string) => () =>
  outcomeOf(`signIn(input: { login: ${text(login)}, password: ${text(password)} })`)
const changePassword =
  ({ tokens }: Person, from: string, to: string) =>
  () =>
    outcomeOf(`changePassword(input: { currentPassword: ${text(from)}, newPassword: ${text(to)} })`, tokens.accessToken)
const PASSWORD = newPerson().password

describe('What is decided while somebody else changes the account', () => {
  test('is no sign-in to an account that was suspended since its password was checked', async () => {
    const ada = await auth.client.enter()
    const { username } = ada.user
    expect(await inOrderOfLocks(auth, username, [suspend(ada), signIn(username, PASSWORD)])).toEqual([
      'ok',
      'INVALID_CREDENTIALS',
    ])
    const { rows } = await auth.sql.query(
      `SELECT s.ended_at IS NULL AS open FROM auth.session s JOIN auth.user u ON u.id = s.user_id
       WHERE u.username = $1`,
      [username],
    )
    expect(rows).toEqual([{ open: false }])
  })

  test('is no failure of a suspension because a stolen token is used at the same moment', async () => {
    const ada = await auth.client.enter()
    const { tokens } = await auth.client.refresh(ada.tokens.refreshToken)
    clock.advance(11)
    for (const order of [0, 1]) {
      const bob = order === 0 ? ada : await auth.client.enter()
      if (order === 1) {
        await auth.client.refresh(bob.tokens.refreshToken)
        clock.advance(11)
      }
      const both = [suspend(bob), refresh(bob.tokens.refreshToken)]
      const outcomes = await inOrderOfLocks(auth, bob.user.username, order === 0 ? both : both.toReversed())
      expect(outcomes.toSorted()).toEqual(['SESSION_ENDED', 'ok'])
    }
    expect(await refresh(tokens?.refreshToken ?? '')()).toBe('SESSION_ENDED')
  })

  test('is one change of the password, not two from the same old one', async () => {
    const ada = await auth.client.enter()
    const changes = [changePassword(ada, PASSWORD, NEXT), changePassword(ada, PASSWORD, OTHER)]
    expect(await inOrderOfLocks(auth, ada.user.username, changes)).toEqual(['ok', 'INVALID_CREDENTIALS'])
    expect(await signIn(ada.user.username, NEXT)()).toBe('ok')
  })

  test('is no deletion with a password that was changed meanwhile', async () => {
    const ada = await auth.client.enter()
    const remove = () => outcomeOf(`deleteAccount(input: { password: ${text(PASSWORD)} })`, ada.tokens.accessToken)
    const outcomes = await inOrderOfLocks(auth, ada.user.username, [changePassword(ada, PASSWORD, NEXT), remove])
    expect(outcomes).toEqual(['ok', 'INVALID_CREDENTIALS'])
    expect(await signIn(ada.user.username, NEXT)()).toBe('ok')
  })
})

describe('Within one operation', () => {
  test('a password that was changed is the one to give next', async () => {
    const ada = await auth.client.enter()
    const change = (alias: string, from: string, to: string) =>
      `${alias}: changePassword(input: { currentPassword: ${text(from)}, newPassword: ${text(to)} }) {
        user { displayName } userErrors { code }
      }`
    const rename = 'renamed: updateProfile(input: { displayName: "Lovelace" }) { userErrors { code } }'
    const { data } = await auth.client.query(
      `mutation { ${rename} ${change('first', PASSWORD, NEXT)} ${change('second', NEXT, OTHER)} ${change('third', PASSWORD, NEXT)} }`,
      {},
      ada.tokens.accessToken,
    )
    const done = { user: { displayName: 'Lovelace' }, userErrors: [] }
    expect(data).toEqual({
      renamed: { userErrors: [] },
      first: done,
      second: done,
      third: { user: null, userErrors: [{ code: 'INVALID_CREDENTIALS' }] },
    })
  })
})
