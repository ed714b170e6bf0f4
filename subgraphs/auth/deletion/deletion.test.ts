import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { USER_DELETED } from '../../../platform/deletions.ts'
import { MemoryEventBus } from '../../../platform/event-bus/memory-event-bus.ts'
import { decodeId, encodeId, newUuid } from '../../../platform/ids.ts'
import { FIRST_REVOCATION, remoteRevocations } from '../../../platform/revocation-list.ts'
import { ServiceClient } from '../../../platform/service-client.ts'
import { ServiceSigner } from '../../../platform/service-signature.ts'
import { databaseText } from '../../../tests/support/database-text.ts'
import { readAuthConfig } from '../config.ts'
import { startAuth } from '../subgraph.ts'
import { AuthClient, ManualClock, newPerson, testEnvironment } from '../testing/auth-client.ts'
import { enterAs, type Person } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const DELETE_ACCOUNT = `mutation ($input: DeleteAccountInput!) {
  result: deleteAccount(input: $input) { deletedUserId userErrors { code path } }
}`
const DELETE_USER = `mutation ($input: UserIdInput!) {
  result: deleteUser(input: $input) { deletedUserId userErrors { code path } }
}`
const PASSWORD = newPerson().password

const SOON = { timeout: 10_000, interval: 20 }

/** Where a request says that it comes from. */
const ADAS_DEVICE = { 'x-forwarded-for': '203.0.113.77', 'x-client-user-agent': 'AdasBrowser/7' }
const ADMINS_DEVICE = { 'x-forwarded-for': '198.51.100.5', 'x-client-user-agent': 'AdminsBrowser/1' }

interface Deleted {
  deletedUserId: string | null
  userErrors: { code: string; path: string[] }[]
}

const clock = new ManualClock()
let auth: RunningAuth
let admin: Person
beforeAll(async () => {
  auth = await startTestAuth(clock)
  admin = await enterAs(auth, 'ADMIN')
})
afterAll(() => auth[Symbol.asyncDispose]())

/** One operation of somebody, from a device. */
async function ask<Data>(document: string, variables: object, token?: string, device: object = {}) {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...device }
  const response = await auth.client.post('/graphql', { query: document, variables }, headers)
  return (await response.json()) as { data?: Data; errors?: { extensions: { code: string } }[] }
}

const deleteAccount = ({ tokens }: Person, password = PASSWORD, device: object = {}) =>
  ask<{ result: Deleted | null }>(DELETE_ACCOUNT, { input: { password } }, tokens.accessToken, device)

const deleteUser = (actor: Person, userId: string, device: object = {}) =>
  ask<{ result: Deleted | null }>(DELETE_USER, { input: { userId } }, actor.tokens.accessToken, device)

const codesOf = ({ errors }: { errors?: { extensions: { code: string } }[] }) =>
  errors?.map(({ extensions }) => extensions.code)

const eventsAbout = async (id: string) =>
  (
    await auth.sql.query(
      `SELECT action, actor_id, ip_address, user_agent, details FROM auth.audit_event
       WHERE actor_id = $1 OR subject_id = $1 ORDER BY id`,
      [decodeId('usr', id)],
    )
  ).rows

describe('deleting one’s account', () => {
  it('says whose account is gone, and nobody finds it any more', async () => {
    const ada = await auth.client.enter()
    const { data } = await deleteAccount(ada)

    expect(data?.result).toEqual({ deletedUserId: ada.user.id, userErrors: [] })
    expect(codesOf(await auth.client.user(ada.user.id, admin.tokens.accessToken))).toEqual(['NOT_FOUND'])
    const reference = `query { _entities(representations: [{ __typename: "User", id: "${ada.user.id}" }]) { ... on User { username } } }`
    expect(await ask(reference, {}, admin.tokens.accessToken)).toEqual({ data: { _entities: [null] } })
  })

  it('ends what the account could do, on every device', async () => {
    const ada = await auth.client.enter()
    const phone = await auth.client.signIn(ada.user.username, PASSWORD)
    await deleteAccount(ada)

    for (const tokens of [ada.tokens, phone.tokens]) {
      expect(codesOf(await auth.client.me(tokens?.accessToken))).toEqual(['UNAUTHENTICATED'])
      const { userErrors } = await auth.client.refresh(tokens?.refreshToken ?? '')
      expect(userErrors).toMatchObject([{ code: 'INVALID_TOKEN' }])
    }
    expect((await auth.client.signIn(ada.user.username, PASSWORD)).userErrors).toMatchObject([
      { code: 'INVALID_CREDENTIALS' },
    ])
  })

  it('has the other services refuse its access tokens', async () => {
    const ada = await auth.client.enter()
    const { rows } = await auth.sql.query('SELECT id FROM auth.session WHERE user_id = $1', [
      decodeId('usr', ada.user.id),
    ])
    await deleteAccount(ada)

    const service = new ServiceClient({ service: 'auth', origin: auth.url, signer: signer() })
    const { revocations } = await remoteRevocations(service)(FIRST_REVOCATION)
    expect(revocations.map(({ revoked }) => revoked)).toContainEqual({ sessionId: rows[0].id })
  })

  it('takes the account’s password', async () => {
    const ada = await auth.client.enter()
    const { data } = await deleteAccount(ada, 'not her password at all')

    expect(data?.result).toEqual({
      deletedUserId: null,
      userErrors: [{ code: 'INVALID_CREDENTIALS', path: ['input', 'password'] }],
    })
    expect((await auth.client.me(ada.tokens.accessToken)).data?.me?.id).toBe(ada.user.id)
  })

  it('is refused to the only administrator', async () => {
    const { data } = await deleteAccount(admin)

    expect(data?.result).toMatchObject({ deletedUserId: null, userErrors: [{ code: 'LAST_ADMIN' }] })
    expect((await auth.client.me(admin.tokens.accessToken)).data?.me?.id).toBe(admin.user.id)
  })

  it('is for those who are signed in', async () => {
    expect(codesOf(await ask(DELETE_ACCOUNT, { input: { password: PASSWORD } }))).toEqual(['UNAUTHENTICATED'])
  })

  it('happens once, however often it is asked for at a time', async () => {
    const ada = await auth.client.enter()
    const answers = await Promise.all(Array.from({ length: 4 }, () => deleteAccount(ada)))

    expect(answers.filter(({ data }) => data?.result?.deletedUserId === ada.user.id)).toHaveLength(1)
    const { rows } = await auth.sql.query('SELECT * FROM auth.deletion WHERE user_id = $1', [
      decodeId('usr', ada.user.id),
    ])
    expect(rows).toHaveLength(1)
  })

  it('sets the email address and the username free, for an account with a new id', async () => {
    const { email, username } = newPerson()
    const first = await auth.client.signUp({ email, username })
    await auth.client.query(DELETE_ACCOUNT, { input: { password: PASSWORD } }, first.tokens?.accessToken)
    const second = await auth.client.signUp({ email, username })

    expect(second.userErrors).toEqual([])
    expect(second.user?.id).not.toBe(first.user?.id)
  })

  it('rings for the other services once it is committed', async () => {
    const bus = new MemoryEventBus()
    const rung = new Promise((resolve) => bus.subscribe(USER_DELETED, resolve))
    await using ringing = await startAuth(readAuthConfig(testEnvironment(auth.databaseUrl)), { now: clock.now, bus })
    const ada = await auth.client.enter()
    const client = new AuthClient(ringing.url, clock)
    await client.query(DELETE_ACCOUNT, { input: { password: PASSWORD } }, ada.tokens.accessToken)
    await rung
  })
})

describe('after an account was deleted', () => {
  it('no table holds anything that tells of its owner', async () => {
    const person = { ...newPerson(), displayName: 'Ada Countess of Lovelace' }
    const ada = await enterFrom(ADAS_DEVICE, person)
    await ask(
      'mutation ($input: SignInInput!) { signIn(input: $input) { userErrors { code } } }',
      { input: { login: person.username, password: 'one of her older passwords' } },
      undefined,
      ADAS_DEVICE,
    )
    await ask('mutation { beginTotp { secret } }', {}, ada.tokens.accessToken, ADAS_DEVICE)
    const reset = 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { accepted } }'
    await ask(reset, { input: { email: person.email } })
    await auth.sql.query(
      `INSERT INTO auth.pending_sign_up (id, email, email_key, username, username_key, display_name, password_hash,
                                         created_at, expires_at)
       SELECT $2, email, email_key, 'someone', 'someone', display_name, 'x', created_at, created_at + interval '1 day'
       FROM auth."user" WHERE id = $1`,
      [decodeId('usr', ada.user.id), newUuid()],
    )
    const traces = [person.email, person.username, person.displayName, ...Object.values(ADAS_DEVICE)]
    const held = (await databaseText(auth.databaseUrl)).join('\n')
    for (const trace of traces) expect(held).toContain(trace)

    expect((await deleteAccount(ada, person.password, ADAS_DEVICE)).data?.result?.userErrors).toEqual([])
    const left = async () => {
      const lines = await databaseText(auth.databaseUrl)
      return lines.filter((line) => traces.some((trace) => line.includes(trace)))
    }
    await expect.poll(left, SOON).toEqual([])
  })

  it('the audit log still tells what was done, by bare ids and without where from', async () => {
    const ada = await enterFrom(ADAS_DEVICE)
    await deleteAccount(ada, PASSWORD, ADAS_DEVICE)

    const nowhere = { actor_id: decodeId('usr', ada.user.id), ip_address: null, user_agent: null, details: null }
    await expect
      .poll(() => eventsAbout(ada.user.id), SOON)
      .toEqual([
        { action: 'user.signed_up', ...nowhere },
        { action: 'session.opened', ...nowhere },
        { action: 'user.deleted', ...nowhere },
      ])
  })

  it('the audit log is cleaned apart from the deletion, which no number of events can hold up', async () => {
    const ada = await enterFrom(ADAS_DEVICE)
    const held = await holdAuditEvents(ada.user.id)
    expect((await deleteAccount(ada)).data?.result?.userErrors).toEqual([])
    expect((await eventsAbout(ada.user.id))[0]?.ip_address).toBe(ADAS_DEVICE['x-forwarded-for'])
    await held.letGo()

    const addresses = async () => (await eventsAbout(ada.user.id)).map(({ ip_address }) => ip_address)
    await expect.poll(addresses, SOON).toEqual([null, null, null])
  })

  it('the audit log still tells from where an administrator did something to its owner, and no longer why', async () => {
    const ada = await auth.client.enter()
    const suspend = 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { userErrors { code } } }'
    const input = { userId: ada.user.id, reason: 'Ada wrote to us.' }
    await ask(suspend, { input }, admin.tokens.accessToken, ADMINS_DEVICE)
    await deleteUser(admin, ada.user.id, ADMINS_DEVICE)

    const byAdmin = {
      actor_id: decodeId('usr', admin.user.id),
      ip_address: ADMINS_DEVICE['x-forwarded-for'],
      user_agent: ADMINS_DEVICE['x-client-user-agent'],
      details: null,
    }
    const last = async () => (await eventsAbout(ada.user.id)).slice(-2)
    await expect.poll(last, SOON).toEqual([
      { action: 'user.suspended', ...byAdmin },
      { action: 'user.deleted', ...byAdmin },
    ])
  })
})

describe('deleting somebody’s account', () => {
  it('is for holders of USERS_WRITE', async () => {
    const ada = await auth.client.enter()
    const { data } = await deleteUser(admin, ada.user.id)

    expect(data?.result).toEqual({ deletedUserId: ada.user.id, userErrors: [] })
    expect(codesOf(await auth.client.me(ada.tokens.accessToken))).toEqual(['UNAUTHENTICATED'])
  })

  it('is forbidden to others, who do not even learn whether there is such a user', async () => {
    const [ada, moderator] = [await auth.client.enter(), await enterAs(auth, 'MODERATOR')]
    for (const userId of [ada.user.id, encodeId('usr', newUuid())]) {
      expect(codesOf(await deleteUser(moderator, userId))).toEqual(['FORBIDDEN'])
    }
    expect((await auth.client.me(ada.tokens.accessToken)).data?.me?.id).toBe(ada.user.id)
  })

  it('says so when there is no such user, or when it is no user’s id', async () => {
    expect(codesOf(await deleteUser(admin, encodeId('usr', newUuid())))).toEqual(['NOT_FOUND'])
    expect(codesOf(await deleteUser(admin, 'ada'))).toEqual(['BAD_USER_INPUT'])
  })

  it('lets an administrator go who is not the last one', async () => {
    const second = await enterAs(auth, 'ADMIN')
    expect((await deleteUser(second, second.user.id)).data?.result?.deletedUserId).toBe(second.user.id)
    expect((await deleteUser(admin, admin.user.id)).data?.result).toMatchObject({
      deletedUserId: null,
      userErrors: [{ code: 'LAST_ADMIN' }],
    })
  })

  it('leaves one of two administrators who delete one another at the same moment', async () => {
    const second = await enterAs(auth, 'ADMIN')
    const { rows } = await auth.sql.query(`SELECT count(*)::int FROM auth."user" WHERE 'ADMIN' = ANY (roles)`)
    expect(rows).toEqual([{ count: 2 }])
    await Promise.all([deleteUser(admin, second.user.id), deleteUser(second, admin.user.id)])

    const left = await auth.sql.query(`SELECT count(*)::int FROM auth."user" WHERE 'ADMIN' = ANY (roles)`)
    expect(left.rows).toEqual([{ count: 1 }])
    const survivor = (await auth.client.me(admin.tokens.accessToken)).data?.me ? admin : second
    admin = survivor
  })
})

const signer = () => new ServiceSigner(testEnvironment(auth.databaseUrl).SERVICE_SECRET ?? '', clock.now)

/** Keeps the audit events of somebody from being changed. */
async function holdAuditEvents(id: string): Promise<{ letGo: () => Promise<void> }> {
  const client = new pg.Client(auth.databaseUrl)
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT FROM auth.audit_event WHERE actor_id = $1 FOR UPDATE', [decodeId('usr', id)])
  return { letGo: () => client.end() }
}

/** Signs somebody up from a device. */
async function enterFrom(device: object, person = newPerson()): Promise<Person> {
  const { data } = await ask<{ signUp: Person }>(
    `mutation ($input: SignUpInput!) {
      signUp(input: $input) {
        user { id username displayName email roles createdAt } tokens { accessToken refreshToken expiresAt }
      }
    }`,
    { input: person },
    undefined,
    device,
  )
  if (!data) throw new Error('The sign-up was refused.')
  return data.signUp
}
