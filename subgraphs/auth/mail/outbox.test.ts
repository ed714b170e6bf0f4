import { networkInterfaces } from 'node:os'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpServer } from '../../../platform/http-server.ts'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { Mailbox } from '../testing/mailbox.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { serveOutbox } from './outbox.route.ts'
import { Outbox } from './outbox.ts'
import { outboxPage } from './outbox-page.ts'
import { MailForms } from './testing/mail-forms.ts'
import { requestAs } from './testing/request-as.ts'

const clock = new ManualClock()
const log: string[] = []
const logger = pino({ level: 'info' }, { write: (line: string) => log.push(line) })
let auth: RunningAuth
let client: RunningAuth['client']
let mailbox: Mailbox

beforeAll(async () => {
  auth = await startTestAuth(clock, { PUBLIC_URL: 'http://127.0.0.1:4000' }, { logger })
  client = auth.client
  mailbox = new Mailbox(auth.url)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

const page = async (headers: Record<string, string> = {}) => fetch(`${auth.url}/outbox`, { headers })

describe('The outbox page', () => {
  test('shows whom a mail was for, what it says, its link, and a mutation that works as it stands', async () => {
    const { email } = newPerson()
    await client.signUp({ email })
    const token = await mailbox.tokenFor(email)
    const html = await (await page()).text()
    expect(html).toContain(`To ${email}, `)
    expect(html).toContain('<h2>Verify your email address</h2>')
    const url = `http://127.0.0.1:4000/verify-email?token=${token}`
    expect(html).toContain(`<a href="${url}" rel="noreferrer">${url}</a>`)
    const [, escaped = ''] = /<code>(mutation \{ verifyEmail.+?)<\/code>/.exec(html) ?? []
    const { data } = await client.query(escaped.replaceAll('&quot;', '"'), {})
    expect(data).toEqual({ verifyEmail: { user: { id: expect.any(String), emailVerified: true }, userErrors: [] } })
  })

  test('has a mutation for a new password that spends nothing before there is one', async () => {
    const { email } = newPerson()
    await client.signUp({ email })
    await mailbox.tokenFor(email, 'VERIFY_EMAIL')
    await new MailForms(client).requestPasswordReset(email)
    const { mutation } = await mailbox.mailTo(email)
    const { data } = await client.query(mutation ?? '', {})
    expect(data).toMatchObject({ resetPassword: { user: null, userErrors: [{ code: 'WEAK_PASSWORD' }] } })
    const answer = await client.query((mutation ?? '').replace('…', 'a quiet green harbour'), {})
    expect(answer.data).toMatchObject({ resetPassword: { user: { id: expect.any(String) }, userErrors: [] } })
  })

  test('takes nothing of a mail for HTML', () => {
    const hostile = `<script>alert("1")</script>&'`
    const link = { url: `http://app/?token=${hostile}`, token: hostile, purpose: 'RESET_PASSWORD' } as const
    const mail = {
      kind: 'RESET_PASSWORD',
      to: hostile,
      subject: hostile,
      text: `${hostile}\n${link.url}`,
      link,
    } as const
    const html = outboxPage([{ ...mail, id: '', writtenAt: clock.now() }])
    expect(html).not.toContain('<script')
    expect(html).not.toContain(hostile)
    expect(html.match(/&lt;script&gt;alert\((?:\\?&quot;)1(?:\\?&quot;)\)&lt;\/script&gt;&amp;&#39;/g)).toHaveLength(6)
  })

  test('forbids scripts, frames, and everything from elsewhere', async () => {
    const { headers } = await page()
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'; /)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/script|unsafe/)
  })

  test.each([
    'evil.example',
    'evil.example:4001',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '203.0.113.7',
    '@',
  ])('refuses to be called "%s"', async (host) => {
    const { status, text } = await requestAs(host, `${auth.url}/outbox?format=json`)
    expect({ status, ...JSON.parse(text) }).toEqual(await noSuchPage())
  })

  test.each([
    'localhost',
    'localhost:4001',
    'parley.localhost',
    '127.0.0.1:4001',
    '127.1.2.3',
    '[::1]:4001',
    'LOCALHOST',
  ])('can be called "%s"', async (host) => {
    const { status } = await requestAs(host, `${auth.url}/outbox`)
    expect(status).toBe(200)
  })

  test('is JSON for those who ask for it', async () => {
    const json = (await (await page({ accept: 'application/json' })).json()) as { mails: unknown[] }
    expect(json.mails).toEqual(await mailbox.mails())
    expect((await page({ accept: 'text/html,application/json;q=0.9' })).headers.get('content-type')).toContain('html')
  })
})

/** What somebody is answered who asks for a page that there is none of, but for the request's own id. */
async function noSuchPage(): Promise<{ status: number; errors: unknown }> {
  const response = await fetch(`${auth.url}/nonsense`)
  const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] }
  const [error] = errors
  expect({ status: response.status, code: error?.extensions.code }).toEqual({ status: 404, code: 'NOT_FOUND' })
  return { status: 404, errors: [{ ...error, extensions: { code: 'NOT_FOUND', requestId: expect.any(String) } }] }
}

describe('The outbox of a server that others can reach', () => {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all)
  const others = addresses
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)

  test('is a page to this machine’s loopback, and none to its other addresses, whatever name they call', async () => {
    await using open = await startTestAuth(clock, { HOST: '0.0.0.0' })
    await open.client.signUp()
    const { port } = new URL(open.url)
    for (const other of others) {
      for (const host of ['localhost', '127.0.0.1', '0.0.0.0', other]) {
        const { status, text } = await requestAs(host, `http://${other}:${port}/outbox?format=json`)
        expect({ status, ...JSON.parse(text) }).toEqual(await noSuchPage())
      }
    }
    expect((await fetch(`${open.url}/outbox`)).status).toBe(200)
  })

  test.each([
    ['127.0.0.1', 200],
    ['127.9.8.7', 200],
    ['::1', 200],
    ['::ffff:127.0.0.1', 200],
    ['::ffff:7f00:1', 200],
    ['192.0.2.7', 404],
    ['10.0.0.1', 404],
    ['0.0.0.0', 404],
    ['::', 404],
    ['::ffff:192.0.2.7', 404],
    ['2001:db8::127.0.0.1', 404],
    ['fe80::1%eth0', 404],
  ])('answers %s with %i, whatever name it calls', async (remoteAddress, status) => {
    const server = createHttpServer({ logger, ready: () => {} })
    serveOutbox(server, new Outbox({ logger, now: clock.now }), '0.0.0.0')
    for (const host of ['localhost', '0.0.0.0']) {
      const response = await server.inject({ url: '/outbox', remoteAddress, headers: { host } })
      expect(response.statusCode).toBe(status)
    }
    await server.close()
  })
})

test('The log tells of each mail and where to read it, and nothing that is in it', async () => {
  const { email } = newPerson()
  await client.signUp({ email })
  const token = await mailbox.tokenFor(email)
  const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'a mail was put into the outbox')
  expect(lines.at(-1)).toMatchObject({ level: 30, kind: 'VERIFY_EMAIL', outbox: `${auth.url}/outbox` })
  expect(log.join()).not.toContain(token)
  expect(log.join()).not.toContain(email)
})

test('The outbox keeps the newest hundred mails, newest first', async () => {
  const outbox = new Outbox({ logger: pino({ level: 'silent' }), now: clock.now })
  for (let index = 1; index <= 101; index += 1) {
    await outbox.send({ kind: 'TOKEN_REUSED', to: `${index}@example.com`, subject: '', text: '', link: null })
  }
  expect(outbox.mails).toHaveLength(100)
  expect(outbox.mails.map(({ to }) => to)).toEqual(
    Array.from({ length: 100 }, (_, index) => `${101 - index}@example.com`),
  )
})

test('In production without a mail server there is no outbox, and the log says that no mail is sent', async () => {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
  const environment = { NODE_ENV: 'production', HOST: '127.0.0.1' }
  await using production = await startTestAuth(clock, environment, { logger })
  expect((await fetch(`${production.url}/outbox`)).status).toBe(404)
  const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 40)
  expect(warnings).toMatchObject([{ msg: 'SMTP_URL is not set: no mail will be sent' }])
  await production.client.signUp()
  await expect.poll(() => lines.join(), { timeout: 10_000 }).toContain('a mail was dropped')
})
