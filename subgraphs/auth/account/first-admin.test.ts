import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../platform/environment.ts'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { readAuthConfig } from '../config.ts'
import { startAuth } from '../subgraph.ts'
import { AuthClient, ManualClock, newPerson, testEnvironment } from '../testing/auth-client.ts'

const PASSWORD = 'four words without meaning'

const clock = new ManualClock()
let database: { url: string } & AsyncDisposable
let warnings: string[]

beforeEach(async () => {
  database = await createTestDatabase()
  warnings = []
})

afterEach(() => database[Symbol.asyncDispose]())

/** One replica, as it starts with these variables. */
async function start(variables: Record<string, string>) {
  const write = (line: string) => void warnings.push(JSON.parse(line).msg)
  const server = await startAuth(readAuthConfig({ ...testEnvironment(database.url), ...variables }), {
    logger: pino({ level: 'warn' }, { write }),
    now: clock.now,
  })
  return { client: new AuthClient(server.url, clock), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

async function enter(client: AuthClient, login: string, password = PASSWORD) {
  const { user, tokens, userErrors } = await client.signIn(login, password)
  expect(userErrors).toEqual([])
  const { data } = await client.query<{ me: { emailVerified: boolean } }>(
    '{ me { emailVerified } }',
    {},
    tokens?.accessToken,
  )
  return { ...user, ...data?.me }
}

describe('The administrator that the environment names', () => {
  test('is there from the first start, verified, and stays the same at the next one', async () => {
    const environment = { ADMIN_EMAIL: 'Grace.Hopper+admin@example.com', ADMIN_PASSWORD: PASSWORD }
    const admin = { username: 'Grace.Hopper', roles: ['MEMBER', 'ADMIN'], emailVerified: true }
    await using first = await start(environment)
    const made = await enter(first.client, 'grace.hopper+admin@example.com')
    expect(made).toMatchObject(admin)
    await using second = await start({ ...environment, ADMIN_PASSWORD: 'another password, not looked at' })
    expect(await enter(second.client, 'grace.hopper')).toEqual(made)
    expect(warnings).toEqual([])
  })

  test('can sign in where addresses must be verified', async () => {
    const environment = {
      ADMIN_EMAIL: 'ada@example.com',
      ADMIN_PASSWORD: PASSWORD,
      AUTH_REQUIRE_VERIFIED_EMAIL: 'true',
    }
    await using auth = await start(environment)
    expect(await enter(auth.client, 'ada')).toMatchObject({ roles: ['MEMBER', 'ADMIN'] })
  })

  test('is in the audit log', async () => {
    await using auth = await start({ ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: PASSWORD })
    const { tokens } = await auth.client.signIn('ada', PASSWORD)
    const { data } = await auth.client.query<{ auditEvents: { nodes: object[] } }>(
      '{ auditEvents { nodes { action actor { username } subject { username } } } }',
      {},
      tokens?.accessToken,
    )
    expect(data?.auditEvents.nodes).toContainEqual({
      action: 'user.created',
      actor: null,
      subject: { username: 'ada' },
    })
  })

  test('is made once by replicas that start at once', async () => {
    const environment = { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: PASSWORD }
    await using replicas = new AsyncDisposableStack()
    const started = await Promise.all(Array.from({ length: 4 }, () => start(environment)))
    for (const replica of started) replicas.use(replica)
    const users = await Promise.all(started.map(({ client }) => enter(client, 'ada')))
    expect(new Set(users.map(({ id }) => id)).size).toBe(1)
    expect(warnings).toEqual([])
  })

  test.each([
    ['ada@example.com', 'ada', ['ada', 'ADA2']],
    ['al@example.com', 'admin', []],
    ['al@example.com', 'admin', ['admin']],
    ['assistant@example.com', 'admin', []],
    ['Ümlaut@example.com', 'mlaut', []],
    [`${'a'.repeat(40)}@example.com`, 'a'.repeat(32), ['a'.repeat(32)]],
  ])('with the address %s has a username after %s, though %j are taken', async (email, wanted, taken) => {
    await using before = await start({})
    for (const username of taken) expect((await before.client.signUp({ username })).userErrors).toEqual([])
    await using auth = await start({ ADMIN_EMAIL: email, ADMIN_PASSWORD: PASSWORD })
    const ending = taken.length === 0 ? '' : String(taken.length + 1)
    const { username } = await enter(auth.client, email)
    expect(username).toBe(wanted.slice(0, 32 - ending.length) + ending)
  })

  test('is nobody who has signed up with the address: the log says so, and how to go on', async () => {
    await using before = await start({})
    const person = newPerson()
    await before.client.signUp(person)
    await using auth = await start({ ADMIN_EMAIL: person.email.toUpperCase(), ADMIN_PASSWORD: PASSWORD })
    expect(await enter(auth.client, person.email, person.password)).toMatchObject({ roles: ['MEMBER'] })
    expect(warnings).toEqual([expect.stringContaining('npm run create-admin')])
    expect(warnings[0]).toContain('ADMIN_EMAIL')
  })

  test.each([
    ['ADMIN_PASSWORD', { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'too short' }],
    ['ADMIN_PASSWORD', { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'password1234' }],
    ['ADMIN_EMAIL', { ADMIN_EMAIL: 'nonsense', ADMIN_PASSWORD: PASSWORD }],
  ])('keeps the process from starting with a bad %s', async (variable, variables) => {
    const failure = await start(variables).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ConfigurationError)
    expect(String(failure)).toContain(`${variable}: `)
    expect(String(failure)).not.toContain(variables.ADMIN_PASSWORD)
  })
})
