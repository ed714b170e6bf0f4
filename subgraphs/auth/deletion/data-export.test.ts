import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { enterAs } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const DEVICE = { 'x-forwarded-for': '203.0.113.77', 'x-client-user-agent': 'AdasBrowser/7' }
const ADMINS_DEVICE = { 'x-forwarded-for': '198.51.100.5', 'x-client-user-agent': 'AdminsBrowser/1' }

interface Exported {
  createdAt: string
  notes: string[]
  account: Record<string, unknown>
  secondFactor: Record<string, unknown> | null
  sessions: Record<string, unknown>[]
  auditEvents: Record<string, unknown>[]
}

const clock = new ManualClock()
let auth: RunningAuth
beforeAll(async () => {
  auth = await startTestAuth(clock)
})
afterAll(() => auth[Symbol.asyncDispose]())

async function ask<Data>(query: string, variables: object, token: string | undefined, device: object = DEVICE) {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...device }
  const response = await auth.client.post('/graphql', { query, variables }, headers)
  return (await response.json()) as { data?: Data; errors?: { extensions: { code: string } }[] }
}

async function exportOf(token: string): Promise<{ json: string; document: Exported; createdAt: string }> {
  const { data } = await ask<{ exportMyData: { json: string; createdAt: string } }>(
    '{ exportMyData { json createdAt } }',
    {},
    token,
  )
  if (!data) throw new Error('The export was refused.')
  return { ...data.exportMyData, document: JSON.parse(data.exportMyData.json) }
}

describe('exportMyData', () => {
  it('holds the account, its sessions, its second factor and what was done by it and to it', async () => {
    const { user, tokens } = await auth.client.enter()
    const person = await auth.client.signIn(user.username, newPerson().password)
    await ask('mutation { beginTotp { secret } }', {}, tokens.accessToken)
    const { document, createdAt } = await exportOf(tokens.accessToken)

    expect([document.createdAt, createdAt]).toEqual([clock.now().toISOString(), clock.now().toISOString()])
    expect(document.account).toEqual({
      id: user.id,
      email: user.email,
      emailVerifiedAt: null,
      username: user.username,
      displayName: user.displayName,
      avatarUrl: null,
      roles: ['MEMBER'],
      suspendedAt: null,
      createdAt: user.createdAt,
      passwordChangedAt: user.createdAt,
    })
    expect(document.secondFactor).toEqual({
      createdAt: clock.now().toISOString(),
      inForceSince: null,
      recoveryCodesLeft: 0,
    })
    expect(person.tokens).not.toBeNull()
    expect(document.sessions).toHaveLength(2)
    expect(document.auditEvents.map(({ action }) => action)).toEqual([
      'session.opened',
      'session.opened',
      'user.signed_up',
    ])
    expect(document.notes.join(' ')).toMatch(/newest 1000[\s\S]+Conversations and messages are not in here/)
  })

  it('is written down in the audit log, with where it was asked from', async () => {
    const { tokens } = await auth.client.enter()
    await exportOf(tokens.accessToken)
    const { document } = await exportOf(tokens.accessToken)

    expect(document.auditEvents[0]).toMatchObject({
      action: 'user.data_exported',
      actor: 'you',
      subject: 'you',
      ipAddress: DEVICE['x-forwarded-for'],
      userAgent: DEVICE['x-client-user-agent'],
    })
  })

  it('leaves out where others were when they did something to the account', async () => {
    const admin = await enterAs(auth, 'ADMIN')
    const { user, tokens } = await auth.client.enter()
    const update = 'mutation ($input: UpdateUserInput!) { updateUser(input: $input) { userErrors { code } } }'
    const input = { userId: user.id, displayName: 'Ada' }
    await ask(update, { input }, admin.tokens.accessToken, ADMINS_DEVICE)
    const { json, document } = await exportOf(tokens.accessToken)

    expect(document.auditEvents[0]).toMatchObject({ action: 'user.updated', actor: 'somebody else', subject: 'you' })
    for (const secret of [...Object.values(ADMINS_DEVICE), admin.user.id, admin.user.username]) {
      expect(json).not.toContain(secret)
    }
  })

  it('holds nothing of what proves who somebody is', async () => {
    const { user, tokens } = await auth.client.enter()
    await ask('mutation { beginTotp { secret } }', {}, tokens.accessToken)
    const { json } = await exportOf(tokens.accessToken)

    const { rows } = await auth.sql.query(
      `SELECT p.hash, encode(s.token_digest, 'hex') AS digest, encode(s.token_digest, 'base64') AS digest64,
              encode(t.sealed_secret, 'hex') AS secret, encode(t.sealed_secret, 'base64') AS secret64
       FROM auth."user" u
       JOIN auth.password p ON p.user_id = u.id JOIN auth.session s ON s.user_id = u.id
       JOIN auth.totp t ON t.user_id = u.id
       WHERE u.username = $1`,
      [user.username],
    )
    expect(rows).toHaveLength(1)
    const secrets = [...Object.values<string>(rows[0]), tokens.accessToken, tokens.refreshToken, newPerson().password]
    for (const secret of secrets) expect(json).not.toContain(secret)
    expect(json).not.toMatch(/\$argon2|"type":"Buffer"|digest|hash/)
  })

  it('holds the newest thousand audit events, and only those of the account', async () => {
    const [ada, bob] = [await auth.client.enter(), await auth.client.enter()]
    await auth.sql.query(
      `INSERT INTO auth.audit_event (id, action, actor_id, subject_id, created_at)
       SELECT ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user.updated', e.actor_id, e.actor_id, now()
       FROM generate_series(1, 1200) n, auth.audit_event e
       WHERE e.action = 'user.signed_up' AND e.actor_id = (SELECT id FROM auth."user" WHERE username = $1)`,
      [ada.user.username],
    )
    const { document } = await exportOf(ada.tokens.accessToken)
    expect(document.auditEvents).toHaveLength(1_000)
    expect(document.auditEvents[0]?.action).toBe('session.opened')
    const ids = document.auditEvents.map(({ id }) => String(id))
    expect(ids).toEqual([...ids].sort().reverse())

    expect((await exportOf(bob.tokens.accessToken)).document.auditEvents).toHaveLength(2)
  })

  it('is given ten times an hour to one account', async () => {
    const [ada, bob] = [await auth.client.enter(), await auth.client.enter()]
    const answers = await Promise.all(
      Array.from({ length: 11 }, () => ask('{ exportMyData { createdAt } }', {}, ada.tokens.accessToken)),
    )
    const refused = answers.filter(({ errors }) => errors)
    expect(refused).toMatchObject([{ errors: [{ extensions: { code: 'RATE_LIMITED' } }] }])
    expect((await exportOf(bob.tokens.accessToken)).document.account).toMatchObject({ id: bob.user.id })
  })

  it('is for those who are signed in', async () => {
    const { errors } = await ask('{ exportMyData { json } }', {}, undefined)
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})
