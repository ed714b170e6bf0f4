import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { Administrator } from '../testing/administrator.ts'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { enterAs } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const clock = new ManualClock()
let auth: RunningAuth
let client: RunningAuth['client']
let admin: Administrator

beforeAll(async () => {
  auth = await startTestAuth(clock)
  client = auth.client
  admin = await Administrator.enter(auth)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

const isSignedIn = async (accessToken?: string) => (await client.me(accessToken)).data?.me != null

function scopeOf(accessToken = ''): string {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).scope
}

describe('setUserRoles', () => {
  test('refuses the older access tokens, keeps the session, and gives its next token the new scope', async () => {
    const { user, tokens } = await client.enter()
    expect((await admin.does('setUserRoles', { userId: user.id, roles: ['MODERATOR'] })).user?.roles).toEqual([
      'MODERATOR',
    ])
    expect(await isSignedIn(tokens.accessToken)).toBe(false)
    const refreshed = await client.refresh(tokens.refreshToken)
    expect(await isSignedIn(refreshed.tokens?.accessToken)).toBe(true)
    expect(scopeOf(refreshed.tokens?.accessToken)).toBe('assistant:use conversations:moderate messages:moderate')
    expect(await admin.auditOf(user.id)).toEqual([
      { action: 'user.roles_set', details: 'MEMBER became MODERATOR', byAdmin: true },
    ])
  })

  test('changes nothing when the roles are the same in another order', async () => {
    const { user, tokens } = await enterAs(auth, 'MODERATOR')
    const before = await admin.rowOf(user.id)
    const input = { userId: user.id, roles: ['MODERATOR', 'MEMBER', 'MODERATOR'] }
    expect((await admin.does('setUserRoles', input)).userErrors).toEqual([])
    expect(await admin.rowOf(user.id)).toEqual(before)
    expect(await isSignedIn(tokens.accessToken)).toBe(true)
    expect(await admin.auditOf(user.id)).toEqual([])
  })

  test('takes at least one role', async () => {
    const { user } = await client.enter()
    expect(await admin.does('setUserRoles', { userId: user.id, roles: [] })).toEqual({
      user: null,
      userErrors: [{ code: 'BAD_USER_INPUT', path: ['input', 'roles'] }],
    })
  })

  test('of one user at once by many leaves one of the answers, and as many versions as there were changes', async () => {
    const { user } = await client.enter()
    const wanted = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? ['MODERATOR'] : ['MEMBER']))
    await Promise.all(wanted.map((roles) => admin.does('setUserRoles', { userId: user.id, roles })))
    const { roles, token_version } = await admin.rowOf(user.id)
    const entries = await admin.auditOf(user.id)
    expect(entries.at(-1)?.details).toMatch(new RegExp(`became ${roles}$`))
    expect(token_version).toBe(entries.length)
  })
})

describe('suspendUser', () => {
  test('ends the sessions and lets nobody in, until restoreUser', async () => {
    const { user, tokens } = await client.enter()
    const { password } = newPerson()
    const suspended = await admin.does('suspendUser', { userId: user.id, reason: 'Spam' })
    expect(suspended.user?.status).toBe('SUSPENDED')
    expect(await isSignedIn(tokens.accessToken)).toBe(false)
    expect((await client.refresh(tokens.refreshToken)).userErrors).toMatchObject([{ code: 'SESSION_ENDED' }])
    expect((await client.signIn(user.username, password)).userErrors).toMatchObject([{ code: 'INVALID_CREDENTIALS' }])
    const { rows } = await auth.sql.query('SELECT DISTINCT end_reason FROM auth.session WHERE user_id = $1', [
      decodeId('usr', user.id),
    ])
    expect(rows).toEqual([{ end_reason: 'SUSPENDED' }])

    expect((await admin.does('restoreUser', { userId: user.id })).user?.status).toBe('ACTIVE')
    expect((await client.signIn(user.username, password)).userErrors).toEqual([])
    expect((await client.refresh(tokens.refreshToken)).userErrors).toMatchObject([{ code: 'SESSION_ENDED' }])
    expect((await admin.auditOf(user.id)).filter(({ byAdmin }) => byAdmin)).toEqual([
      { action: 'user.suspended', details: 'Spam', byAdmin: true },
      { action: 'user.restored', details: null, byAdmin: true },
    ])
  })

  test('does nothing to somebody who is suspended already, and restoreUser nothing to somebody who is not', async () => {
    const { user } = await client.enter()
    expect((await admin.does('restoreUser', { userId: user.id })).user?.status).toBe('ACTIVE')
    await admin.does('suspendUser', { userId: user.id })
    const before = await admin.rowOf(user.id)
    clock.advance(1)
    const again = await admin.does('suspendUser', { userId: user.id, reason: 'Once more' })
    expect(again).toMatchObject({ user: { status: 'SUSPENDED' }, userErrors: [] })
    expect(await admin.rowOf(user.id)).toEqual(before)
    expect(await admin.auditOf(user.id)).toEqual([{ action: 'user.suspended', details: null, byAdmin: true }])
  })

  test.each(['a'.repeat(501), '😀'.repeat(501), 'a\0', '\ud800'])('refuses bad reason %#', async (reason) => {
    const { user } = await client.enter()
    expect(await admin.does('suspendUser', { userId: user.id, reason })).toEqual({
      user: null,
      userErrors: [{ code: 'BAD_USER_INPUT', path: ['input', 'reason'] }],
    })
    expect((await admin.rowOf(user.id)).suspended_at).toBeNull()
  })

  test('keeps a reason of 500 characters whole', async () => {
    const { user } = await client.enter()
    await admin.does('suspendUser', { userId: user.id, reason: '😀'.repeat(500) })
    expect((await admin.auditOf(user.id))[0]?.details).toBe('😀'.repeat(500))
  })
})

describe('revokeUserSessions', () => {
  test('ends all sessions of the user and of nobody else', async () => {
    const [ada, grace] = [await client.enter(), await client.enter()]
    await client.signIn(ada.user.username, newPerson().password)
    expect(await admin.does('revokeUserSessions', { userId: ada.user.id })).toEqual({ revokedCount: 2, userErrors: [] })
    expect(await isSignedIn(ada.tokens.accessToken)).toBe(false)
    expect(await isSignedIn(grace.tokens.accessToken)).toBe(true)
    expect(await admin.does('revokeUserSessions', { userId: ada.user.id })).toEqual({ revokedCount: 0, userErrors: [] })
    expect(await admin.auditOf(ada.user.id)).toEqual([
      { action: 'sessions.revoked', details: 'revoked', byAdmin: true },
    ])
  })
})
