import { afterEach, describe, expect, it } from 'vitest'
import { MemoryEventBus } from '../../platform/event-bus/memory-event-bus.ts'
import { createMetrics } from '../../platform/metrics.ts'
import { readOne, type Series, scrape, scrapeOne } from '../../platform/testing/scrape.ts'
import { AppOwner } from './mfa/testing/app-owner.ts'
import { PasswordHasher } from './password/password-hasher.ts'
import { ManualClock, newPerson } from './testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from './testing/running-auth.ts'

const clock = new ManualClock()
let auth: RunningAuth
afterEach(() => auth?.[Symbol.asyncDispose]())

/** The series of a metric that are not 0, by the value of its one label. */
async function changed(name: string): Promise<Series> {
  const series = Object.entries(await scrapeOne(auth.url, name)).filter(([, value]) => value > 0)
  return Object.fromEntries(series.map(([labels, value]) => [/="(.*)"/.exec(labels)?.[1] ?? '', value]))
}

describe('sign-ins', () => {
  const signIns = () => changed('parley_auth_sign_ins_total')

  it('are counted by how they ended, which those who sign in are not told', async () => {
    auth = await startTestAuth(clock)
    const { client, sql } = auth
    const owner = await AppOwner.enrolled(client, clock)
    const { user } = await client.enter()
    const suspended = await client.enter()
    await sql.query('UPDATE auth.user SET suspended_at = now() WHERE username = $1', [suspended.user.username])
    const { password } = newPerson()
    expect(await signIns()).toEqual({})

    await client.signIn(user.username, password)
    await client.signIn(user.username, 'another password')
    await client.signIn('nobody-of-that-name', password)
    await client.signIn('nobody of that name, ever', password)
    await client.signIn(suspended.user.username, password)
    await client.signIn(suspended.user.username, 'another password')
    await owner.signIn()
    await owner.signIn(owner.wrongCode())
    await owner.signIn(owner.code())
    expect(await signIns()).toEqual({
      ok: 2,
      wrong_password: 2,
      unknown_login: 2,
      suspended: 1,
      code_required: 1,
      wrong_code: 1,
    })
  })

  it('that a limit refuses are counted as such, and by the limit', async () => {
    auth = await startTestAuth(clock, { RATE_LIMIT_SIGN_IN_FAILURES: '2' })
    const signIn = () =>
      auth.client.query('mutation { signIn(input: {login: "ada", password: "x"}) { user { id } } }', {})
    for (let count = 0; count < 5; count += 1) await signIn()
    expect(await signIns()).toEqual({ unknown_login: 2, rate_limited: 3 })
    expect(await changed('parley_rate_limit_refusals_total')).toEqual({ 'sign-in-account': 3 })
    expect(await scrapeOne(auth.url, 'parley_rate_limit_refusals_total')).toMatchObject({ 'limit="second-factor"': 0 })
  })

  it('wait for an address to be verified where that is asked for', async () => {
    auth = await startTestAuth(clock, { AUTH_REQUIRE_VERIFIED_EMAIL: 'true' })
    const person = newPerson()
    await auth.client.signUp(person)
    await auth.client.signIn(person.email, person.password)
    expect(await signIns()).toEqual({ not_verified: 1 })
    expect(await changed('parley_auth_sign_ups_total')).toEqual({ pending: 1 })
  })
})

it('sign-ups are counted by how they ended', async () => {
  auth = await startTestAuth(clock, { RATE_LIMIT_SIGN_UP: '5' })
  const person = newPerson()
  for (const input of [
    person,
    { email: person.email },
    { username: person.username },
    { password: 'short' },
    { email: 'nowhere' },
  ]) {
    await auth.client.signUp(input)
  }
  await expect(auth.client.signUp()).rejects.toThrow('RATE_LIMITED')
  expect(await changed('parley_auth_sign_ups_total')).toEqual({
    ok: 1,
    email_taken: 1,
    username_taken: 1,
    weak_password: 1,
    invalid: 1,
    rate_limited: 1,
  })
})

it('refreshes are counted by how they ended, stolen tokens apart', async () => {
  auth = await startTestAuth(clock)
  const { tokens } = await auth.client.enter()
  const refresh = () => auth.client.refresh(tokens.refreshToken)
  await refresh()
  await refresh()
  clock.advance(11)
  await refresh()
  await refresh()
  await auth.client.refresh('made up')
  expect(await changed('parley_auth_refreshes_total')).toEqual({
    ok: 1,
    repeated: 1,
    reused: 1,
    session_ended: 1,
    invalid_token: 1,
  })
})

describe('mails', () => {
  it('are counted when they are sent', async () => {
    auth = await startTestAuth(clock)
    await auth.client.enter()
    await expect.poll(() => changed('parley_auth_mails_total')).toEqual({ sent: 1 })
  })

  it('wait, and each attempt fails, while the mail server is away; in the end they are dropped', async () => {
    auth = await startTestAuth(clock, { SMTP_URL: 'smtp://127.0.0.1:1' })
    await auth.client.enter()
    await expect.poll(() => changed('parley_auth_mails_total')).toEqual({ failed: 1 })
    await expect.poll(() => scrapeOne(auth.url, 'parley_auth_mails_waiting')).toEqual({ '': 1 })
    clock.advance(3_601)
    await expect.poll(() => changed('parley_auth_mails_total'), { timeout: 10_000 }).toEqual({ failed: 1, dropped: 1 })
  })
})

it('passwords are counted while they wait to be hashed, and measured when they have been', async () => {
  const metrics = createMetrics()
  const hasher = new PasswordHasher({ atOnce: 1, waiting: 2, metrics })
  const hashes = Promise.all([1, 2, 3].map(() => hasher.hash('correct horse battery')))
  expect(await readOne(metrics, 'parley_auth_password_hashes_waiting')).toEqual({ '': 2 })
  await hashes
  expect(await readOne(metrics, 'parley_auth_password_hashes_waiting')).toEqual({ '': 0 })
  expect(await readOne(metrics, 'parley_auth_password_hash_duration_seconds_count')).toEqual({ '': 3 })
})

it('auth tells of its operations, its pool and its bus', async () => {
  await using bus = new MemoryEventBus()
  auth = await startTestAuth(clock, {}, { bus })
  const { tokens } = await auth.client.enter()
  await auth.client.me(tokens.accessToken)
  await auth.client.signOut(tokens.accessToken)
  const told = await scrape(auth.url)
  expect(told('parley_subgraph_operations_total')).toEqual({
    'type="mutation",field="signUp",code="OK"': 1,
    'type="query",field="me",code="OK"': 1,
    'type="mutation",field="signOut",code="OK"': 1,
  })
  expect(told('parley_database_pool_limit')).toEqual({ '': 10 })
  expect(told('parley_database_pool_connections')['state="idle"']).toBeGreaterThan(0)
  expect(told('parley_bus_messages_total')).toMatchObject({ 'direction="published"': 1 })
})
