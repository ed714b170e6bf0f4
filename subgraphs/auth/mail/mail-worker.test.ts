import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMetrics } from '../../../platform/metrics.ts'
import { Resources } from '../../../platform/resources.ts'
import { ServiceSigner, SIGNATURE_HEADER } from '../../../platform/service-signature.ts'
import type { RunningServer } from '../../../platform/subgraph/server.ts'
import { readOne } from '../../../platform/testing/scrape.ts'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { readAuthConfig } from '../config.ts'
import { openAuthDatabase } from '../database.ts'
import { startAuth } from '../subgraph.ts'
import { AuthClient, ManualClock, newPerson, testEnvironment } from '../testing/auth-client.ts'
import { DiscardingTransport } from './discarding-transport.ts'
import { claimMail } from './mail-claim.ts'
import { MailMetrics } from './mail-metrics.ts'
import { MailQueue } from './mail-queue.ts'
import { MailWorker } from './mail-worker.ts'
import { MailWriter } from './mail-writer.ts'
import { SmtpTransport } from './smtp-transport.ts'
import { MailForms } from './testing/mail-forms.ts'
import { type DeliveredMail, TestMailServer } from './testing/mail-server.ts'
import { requestAs } from './testing/request-as.ts'

const MINUTE = 60
/** How long a job belongs to the worker that took it. */
const LEASE_SECONDS = 60
/** Longer than a worker waits between two looks. */
const PATIENTLY = { timeout: 10_000 }
const clock = new ManualClock()
let database: { url: string } & AsyncDisposable
let sql: pg.Client
let resources: Resources

beforeAll(async () => {
  database = await createTestDatabase()
  sql = new pg.Client(database.url)
  await sql.connect()
})

afterAll(async () => {
  await sql?.end()
  await database?.[Symbol.asyncDispose]()
})

beforeEach(() => {
  resources = new Resources()
})

afterEach(() => resources[Symbol.asyncDispose]())

/** One process of auth, closed after the test; what it logs is kept. */
async function startProcess(smtpUrl: string): Promise<RunningServer & { log: string[]; client: AuthClient }> {
  const log: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(line) })
  const environment = { ...testEnvironment(database.url), SMTP_URL: smtpUrl, PUBLIC_URL: 'https://chat.example.org/' }
  const auth = await startAuth(readAuthConfig(environment), { now: clock.now, logger })
  resources.use(auth)
  return { ...auth, log, client: new AuthClient(auth.url, clock) }
}

async function startMailServer(port?: number): Promise<TestMailServer> {
  return resources.use(await TestMailServer.start(port))
}

/** A port where nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A mail server that lets everybody in and then says nothing. */
async function startSilentServer(): Promise<{ url: string; hasCaller: () => boolean }> {
  const sockets = new Set<{ destroy: () => void }>()
  const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  resources.defer(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { url: `smtp://127.0.0.1:${port}`, hasCaller: () => sockets.size > 0 }
}

/** A new person with an account. Their sign-up's mail is out of the way, sent or not. */
async function signUp({ client }: { client: AuthClient }, server?: TestMailServer): Promise<string> {
  const { email } = newPerson()
  await client.signUp({ email })
  if (server) await mailTo(server, email)
  else await sql.query('DELETE FROM auth.mail_job')
  return email
}

async function mailTo(server: TestMailServer, email: string): Promise<DeliveredMail> {
  await expect.poll(() => server.mails.some(({ to }) => to[0] === email), PATIENTLY).toBe(true)
  const index = server.mails.findIndex(({ to }) => to[0] === email)
  return server.mails.splice(index, 1)[0] as DeliveredMail
}

/** In how many seconds the only job is due again after so many attempts; 0 while it is not given back yet. */
async function postponed(afterAttempts: number): Promise<number> {
  const { rows } = await sql.query('SELECT attempts, next_attempt_at FROM auth.mail_job')
  const seconds = (rows[0].next_attempt_at.getTime() - clock.now().getTime()) / 1000
  return rows.length === 1 && rows[0].attempts === afterAttempts && seconds !== LEASE_SECONDS ? seconds : 0
}

async function jobCount(): Promise<number> {
  const { rowCount } = await sql.query('SELECT FROM auth.mail_job')
  return rowCount ?? 0
}

test('A mail goes out through the mail server, with a link to the app and nothing of the request in it', async () => {
  const server = await startMailServer()
  const auth = await startProcess(server.url)
  const email = await signUp(auth, server)
  const query = `mutation { requestPasswordReset(input: { email: "${email}" }) { accepted } }`
  const body = JSON.stringify({ query })
  const signature = new ServiceSigner(testEnvironment('').SERVICE_SECRET ?? '', clock.now).sign('/graphql', body, {})
  const headers = { [SIGNATURE_HEADER]: signature, 'x-forwarded-host': 'evil.example', origin: 'https://evil.example' }
  const answer = await requestAs('evil.example', `${auth.url}/graphql`, { headers, body })
  expect(JSON.parse(answer.text)).toEqual({ data: { requestPasswordReset: { accepted: true } } })
  const mail = await mailTo(server, email)
  expect(mail.from).toBe('parley@localhost')
  expect(mail.headers).toMatchObject({
    from: 'Parley <parley@localhost>',
    to: email,
    subject: 'Choose a new password',
    'auto-submitted': 'auto-generated',
  })
  const token = /^https:\/\/chat\.example\.org\/reset-password\?token=([\w-]{43})$/m.exec(mail.text)?.[1] ?? ''
  expect(JSON.stringify(mail)).not.toContain('evil.example')
  const { rows } = await sql.query("SELECT digest FROM auth.mailed_token WHERE purpose = 'RESET_PASSWORD'")
  expect(rows).toEqual([{ digest: createHash('sha256').update(token).digest() }])
  await expect.poll(jobCount, PATIENTLY).toBe(0)
  expect(auth.log.join()).not.toMatch(new RegExp(`${token}|${email}`))
})

describe('A mail that cannot be sent', () => {
  test('waits longer each time, and arrives once the mail server is back', async () => {
    const port = await freePort()
    const auth = await startProcess(`smtp://127.0.0.1:${port}`)
    const email = await signUp(auth)
    await new MailForms(auth.client).requestPasswordReset(email)
    for (const [index, seconds] of [5, 10, 20].entries()) {
      await expect.poll(() => postponed(index + 1), PATIENTLY).toBeGreaterThanOrEqual(seconds)
      expect(await postponed(index + 1)).toBeLessThanOrEqual(1.5 * seconds)
      clock.advance(1.5 * seconds)
    }
    const server = await startMailServer(port)
    clock.advance(10 * MINUTE)
    expect((await mailTo(server, email)).text).toContain('/reset-password?token=')
    await expect.poll(jobCount, PATIENTLY).toBe(0)
    expect(auth.log.join()).toContain('ECONNREFUSED')
    expect(auth.log.join()).not.toContain(email)
  })

  test('is tried no less than every ten minutes, and dropped after an hour with a warning that does not say to whom', async () => {
    const server = await startMailServer()
    const auth = await startProcess(server.url)
    const email = await signUp(auth, server)
    server.refusal = 550
    await new MailForms(auth.client).requestPasswordReset(email)
    await expect.poll(() => auth.log.join(), PATIENTLY).toContain('EENVELOPE 550')
    await sql.query('UPDATE auth.mail_job SET attempts = 30')
    clock.advance(MINUTE)
    await expect.poll(() => postponed(31), PATIENTLY).toBe(10 * MINUTE)
    clock.advance(60 * MINUTE)
    await expect.poll(jobCount, PATIENTLY).toBe(0)
    const dropped = auth.log.map((line) => JSON.parse(line)).find(({ msg }) => msg.includes('dropped'))
    expect(dropped).toMatchObject({ level: 40, kind: 'RESET_PASSWORD', job: expect.any(String) })
    expect(auth.log.join()).not.toMatch(/somebody@example\.com|No such mailbox/)
    expect(auth.log.join()).not.toContain(email)
  })

  test('is never one to an address with something else in it', async () => {
    const server = await startMailServer()
    const transport = resources.use(new SmtpTransport({ smtpUrl: server.url, from: 'parley@localhost' }))
    const mail = { kind: 'TOKEN_REUSED', subject: 'Hello', text: 'Hello\n', link: null } as const
    const signal = new AbortController().signal
    for (const to of ['a@example.com\r\nBcc: b@example.com', 'a@example.com, b@example.com', 'A <a@example.com>', '']) {
      await expect(transport.send({ ...mail, to }, signal)).rejects.toThrow()
    }
    await transport.send({ ...mail, to: 'last@example.com', subject: 'Hello\r\nBcc: b@example.com' }, signal)
    expect(server.mails).toMatchObject([{ to: ['last@example.com'], headers: { to: 'last@example.com' } }])
    expect(server.mails[0]?.headers).not.toHaveProperty('bcc')
  })
})

describe('A worker that ends', () => {
  test('in the middle of sending is not waited for, and another one sends the mail', async () => {
    const silent = await startSilentServer()
    const first = await startProcess(silent.url)
    const email = await signUp(first)
    await new MailForms(first.client).requestPasswordReset(email)
    await expect.poll(silent.hasCaller, PATIENTLY).toBe(true)
    const stoppedAt = performance.now()
    await first[Symbol.asyncDispose]()
    expect(performance.now() - stoppedAt).toBeLessThan(5_000)
    expect(await postponed(1)).toBeGreaterThanOrEqual(5)
    const server = await startMailServer()
    await startProcess(server.url)
    clock.advance(10)
    await mailTo(server, email)
    await expect.poll(jobCount, PATIENTLY).toBe(0)
  })

  test('without a word loses no mail either: another one takes it a minute later', async () => {
    const silent = await startSilentServer()
    const first = await startProcess(silent.url)
    const email = await signUp(first)
    await first[Symbol.asyncDispose]()
    await sql.query(
      `INSERT INTO auth.mail_job (id, kind, email_key, next_attempt_at, expires_at)
       VALUES (gen_random_uuid(), 'RESET_PASSWORD', $1, $2, $2::timestamptz + interval '1 hour')`,
      [email, clock.now()],
    )
    const orm = await openAuthDatabase({ url: database.url, logger: pino({ level: 'silent' }) })
    resources.defer(() => orm.close())
    expect(await claimMail(orm.em.fork(), clock.now())).toMatchObject({
      attempts: 1,
      emailKey: email,
      isExpired: false,
    })
    expect(await claimMail(orm.em.fork(), clock.now())).toBeUndefined()
    const server = await startMailServer()
    await startProcess(server.url)
    clock.advance(MINUTE - 1)
    expect(await claimMail(orm.em.fork(), clock.now())).toBeUndefined()
    clock.advance(1)
    await mailTo(server, email)
    await expect.poll(jobCount, PATIENTLY).toBe(0)
  })

  test('while the database is away goes on when it is back', async () => {
    const server = await startMailServer()
    const auth = await startProcess(server.url)
    const email = await signUp(auth, server)
    await sql.query('ALTER TABLE auth.mailed_token RENAME TO mailed_token_away')
    await new MailForms(auth.client).requestPasswordReset(email)
    await expect.poll(() => postponed(1), PATIENTLY).toBeGreaterThanOrEqual(5)
    await sql.query('ALTER TABLE auth.mailed_token_away RENAME TO mailed_token')
    clock.advance(10)
    await mailTo(server, email)
    expect(auth.log.join()).not.toContain(email)
  })
})

test('Two processes send each of many mails once', async () => {
  const server = await startMailServer()
  const [first, second] = await Promise.all([startProcess(server.url), startProcess(server.url)])
  const people = Array.from({ length: 20 }, newPerson)
  await Promise.all(
    people.map(({ email, username }, index) => (index % 2 ? first : second).client.signUp({ email, username })),
  )
  await expect.poll(jobCount, PATIENTLY).toBe(0)
  const recipients = server.mails.flatMap(({ to }) => to)
  expect(recipients.toSorted()).toEqual(people.map(({ email }) => email).toSorted())
})

test('How many mails wait is no number before they were counted, nor while the database is away', async () => {
  const orm = await openAuthDatabase({ url: database.url, logger: pino({ level: 'silent' }) })
  resources.defer(() => orm.close())
  let isAway = true
  const fork = () => {
    if (isAway) throw new Error('The database is away.')
    return orm.em.fork()
  }
  const mails = createMetrics()
  const waiting = async () => (await readOne(mails, 'parley_auth_mails_waiting'))['']
  const logger = pino({ level: 'silent' })
  const [transport, metrics] = [new DiscardingTransport({ logger }), new MailMetrics(mails)]
  const queue = new MailQueue({ now: clock.now, wake: () => undefined })
  const writer = new MailWriter({ publicUrl: 'https://chat.example.org/', queue, now: clock.now })
  resources.use(
    new MailWorker({ fork, transport, writer, logger, metrics, now: clock.now, lookEveryMs: 60_000, countEveryMs: 20 }),
  )
  expect(await waiting()).toBeNaN()
  isAway = false
  await expect.poll(waiting).toBe(0)
  isAway = true
  await expect.poll(waiting).toBeNaN()
})
