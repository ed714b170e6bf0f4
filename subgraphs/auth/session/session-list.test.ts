import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { ManualClock, newPerson, type Tokens } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { MOST_SESSIONS } from './session.service.ts'

const DAY = 86_400
const clock = new ManualClock()
let auth: RunningAuth

beforeAll(async () => {
  auth = await startTestAuth(clock)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

interface ListedSession {
  id: string
  createdAt: string
  lastUsedAt: string
  expiresAt: string
  userAgent: string | null
  ipAddress: string | null
  isCurrent: boolean
}

const SESSIONS = '{ me { sessions { id createdAt lastUsedAt expiresAt userAgent ipAddress isCurrent } } }'

async function sessionsOf({ accessToken }: Tokens): Promise<ListedSession[]> {
  const { data } = await auth.client.query<{ me: { sessions: ListedSession[] } }>(SESSIONS, {}, accessToken)
  return data?.me.sessions ?? []
}

/** Somebody who is signed in on so many devices, a second after one another. */
async function signedInOn(devices: number): Promise<Tokens[]> {
  const person = newPerson()
  const { tokens } = await auth.client.signUp(person)
  const all = [tokens]
  for (let device = 1; device < devices; device += 1) {
    clock.advance(1)
    all.push((await auth.client.signIn(person.username, person.password)).tokens)
  }
  return all.filter((each) => each !== null)
}

async function revoke(sessionId: string, { accessToken }: Tokens) {
  return auth.client.query<{ revokeSession: { revokedCount: number } }>(
    'mutation ($id: ID!) { revokeSession(input: { sessionId: $id }) { revokedCount userErrors { code } } }',
    { id: sessionId },
    accessToken,
  )
}

async function isSignedIn({ accessToken }: Tokens): Promise<boolean> {
  return (await auth.client.me(accessToken)).errors === undefined
}

describe('The list of one’s sessions', () => {
  test('shows the open ones, newest first, and which one asks', async () => {
    const [first, second] = await signedInOn(2)
    if (!first || !second) throw new Error('Two devices were to be signed in.')
    const at = clock.now()
    const idle = new Date(at.getTime() + 14 * DAY * 1000).toISOString()
    const [newest, oldest] = await sessionsOf(first)
    expect(newest).toEqual({
      id: second.refreshToken.split('.')[0],
      createdAt: at.toISOString(),
      lastUsedAt: at.toISOString(),
      expiresAt: idle,
      userAgent: null,
      ipAddress: null,
      isCurrent: false,
    })
    expect(oldest).toMatchObject({ id: first.refreshToken.split('.')[0], isCurrent: true })
  })

  test('tells when a session was last refreshed, and that none outlives its ninety days', async () => {
    const [tokens] = await signedInOn(1)
    const openedAt = clock.now().getTime()
    let newest = tokens
    for (let turn = 0; turn < 8; turn += 1) {
      clock.advance(10 * DAY)
      newest = (await auth.client.refresh(newest?.refreshToken ?? '')).tokens ?? undefined
    }
    const [session] = newest ? await sessionsOf(newest) : []
    expect(session).toMatchObject({
      lastUsedAt: clock.now().toISOString(),
      expiresAt: new Date(openedAt + 90 * DAY * 1000).toISOString(),
    })
  })

  test('holds a hundred at most: one more ends the oldest', async () => {
    const devices = await signedInOn(MOST_SESSIONS + 1)
    const [first, second] = devices
    const newest = devices.at(-1)
    if (!first || !second || !newest) throw new Error('A hundred and one devices were to be signed in.')
    expect([await isSignedIn(first), await isSignedIn(second)]).toEqual([false, true])
    expect(await sessionsOf(newest)).toHaveLength(MOST_SESSIONS)
  })

  test('is read for a whole page of users at once, and is nobody else’s to see', async () => {
    const [ada] = await signedInOn(1)
    const [bob] = await signedInOn(1)
    const { data } = await auth.client.query<{ me: { id: string } }>('{ me { id } }', {}, bob?.accessToken)
    const seen = await auth.client.query(
      'query ($id: ID!) { user(id: $id) { sessions { id } totpEnabled status emailVerified } }',
      { id: data?.me.id },
      ada?.accessToken,
    )
    expect(seen.data).toEqual({ user: { sessions: null, totpEnabled: null, status: null, emailVerified: null } })
  })
})

describe('Revoking', () => {
  test('one of one’s sessions ends it and no other', async () => {
    const [phone, laptop] = await signedInOn(2)
    if (!phone || !laptop) throw new Error('Two devices were to be signed in.')
    const id = phone.refreshToken.split('.')[0] ?? ''
    expect((await revoke(id, laptop)).data).toEqual({ revokeSession: { revokedCount: 1, userErrors: [] } })
    expect([await isSignedIn(phone), await isSignedIn(laptop)]).toEqual([false, true])
    expect((await auth.client.refresh(phone.refreshToken)).userErrors).toMatchObject([{ code: 'SESSION_ENDED' }])
    expect((await revoke(id, laptop)).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
  })

  test('somebody else’s session is NOT_FOUND and changes nothing', async () => {
    const [ada] = await signedInOn(1)
    const [bob] = await signedInOn(1)
    if (!ada || !bob) throw new Error('Two people were to be signed in.')
    const answer = await revoke(ada.refreshToken.split('.')[0] ?? '', bob)
    expect(answer.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
    expect(await isSignedIn(ada)).toBe(true)
  })

  test.each(['', 'usr_01h455vb4pex5vsknk084sn02q', 'ses_nonsense'])('%j is BAD_USER_INPUT', async (id) => {
    const [ada] = await signedInOn(1)
    if (ada) expect((await revoke(id, ada)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    expect(ada).toBeDefined()
  })

  test('is UNAUTHENTICATED to somebody who is not signed in, whatever they ask for', async () => {
    for (const id of ['nonsense', 'ses_01h455vb4pex5vsknk084sn02q']) {
      const { errors } = await auth.client.query(
        'mutation ($id: ID!) { revokeSession(input: { sessionId: $id }) { revokedCount } }',
        { id },
      )
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    }
  })

  test('the others keeps this one', async () => {
    const devices = await signedInOn(4)
    const [first] = devices
    const answer = await auth.client.query(
      'mutation { revokeOtherSessions { revokedCount userErrors { code } } }',
      {},
      first?.accessToken,
    )
    expect(answer.data).toEqual({ revokeOtherSessions: { revokedCount: 3, userErrors: [] } })
    expect(await Promise.all(devices.map(isSignedIn))).toEqual([true, false, false, false])
  })

  test('is written down with the session’s end in one transaction', async () => {
    const [phone, laptop] = await signedInOn(2)
    const id = phone?.refreshToken.split('.')[0] ?? ''
    if (laptop) await revoke(id, laptop)
    const { rows } = await auth.sql.query(
      `SELECT s.end_reason, r.session_id, a.action, a.actor_id = s.user_id AS by_themself
       FROM auth.session s JOIN auth.revocation r ON r.session_id = s.id
       JOIN auth.audit_event a ON a.subject_id = s.user_id AND a.action = 'session.revoked'
       WHERE s.id = $1`,
      [decodeId('ses', id)],
    )
    expect(rows).toEqual([
      { end_reason: 'REVOKED', session_id: decodeId('ses', id), action: 'session.revoked', by_themself: true },
    ])
  })
})
