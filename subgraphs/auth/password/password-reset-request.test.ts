import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRateLimiters } from '../../../platform/rate-limiter.ts'
import { AuditLog } from '../audit/audit-log.ts'
import { readAuthConfig } from '../config.ts'
import { openAuthDatabase } from '../database.ts'
import { Sealer } from '../keys/sealer.ts'
import { AccountLimits } from '../limits/account-limits.ts'
import { MailQueue } from '../mail/mail-queue.ts'
import { MailRequestService } from '../mail/mail-request.service.ts'
import { MailForms, outcomeOf } from '../mail/testing/mail-forms.ts'
import { SecondFactorService } from '../mfa/second-factor.service.ts'
import { SessionEnding } from '../session/session-ending.ts'
import { ManualClock, newPerson, testEnvironment } from '../testing/auth-client.ts'
import { Mailbox } from '../testing/mailbox.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { openBreachLookup } from './breach-lookup.ts'
import { NewPasswords } from './new-passwords.ts'
import { PasswordHasher } from './password-hasher.ts'
import { PasswordResetService } from './password-reset.service.ts'

const clock = new ManualClock()
let auth: RunningAuth
let forms: MailForms
let mailbox: Mailbox

beforeAll(async () => {
  auth = await startTestAuth(clock)
  forms = new MailForms(auth.client)
  mailbox = new Mailbox(auth.url)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

/** The mails that a request brought about, once all work is done. */
async function mailsAfter(request: () => Promise<unknown>): Promise<string[]> {
  const mails = await mailbox.mailsAfter(auth.sql, request)
  return mails.map(({ to, kind }) => `${kind} ${to}`)
}

/** The address of somebody who has an account. Their sign-up's mail has come, and went to another one: it counts too. */
async function knownAddress(): Promise<string> {
  const { user } = await auth.client.enter()
  await mailbox.tokenFor(user.email ?? '', 'VERIFY_EMAIL')
  const { email } = newPerson()
  await auth.sql.query('UPDATE auth.user SET email = $2, email_key = $2 WHERE username = $1', [user.username, email])
  return email
}

/** The service on the same database, with all the statements that it sends, their values left out. */
async function watchedService() {
  const config = readAuthConfig(testEnvironment(auth.databaseUrl))
  const statements: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => statements.push(JSON.parse(line).msg) })
  const orm = await openAuthDatabase({ url: auth.databaseUrl, logger })
  orm.config.set('debug', ['query'])
  const em = orm.em.fork()
  const caller = { viewer: null, requestId: 'test', address: null, userAgent: null, resumed: false }
  const { now } = clock
  const parts = {
    em,
    caller,
    now,
    logger,
    limits: new AccountLimits(await openRateLimiters({ redisUrl: undefined, logger }), config.limits),
    audit: new AuditLog(caller, now),
    mail: new MailQueue({ now, wake: () => {} }),
    sealer: new Sealer(config.tokens.signingKey),
    hasher: new PasswordHasher(),
    newPasswords: new NewPasswords({ minLength: 12, breaches: openBreachLookup(undefined, logger) }),
    ending: new SessionEnding({ now, ring: () => {} }),
  }
  const service = new PasswordResetService({
    ...parts,
    secondFactor: new SecondFactorService(parts),
    mailRequests: new MailRequestService(parts),
  })
  return { service, statements, [Symbol.asyncDispose]: () => orm.close() }
}

describe('Asking for a new password', () => {
  test('is answered alike for an address that has an account and for one that has none', async () => {
    const [known, unknown] = [await knownAddress(), newPerson().email]
    const answers = await Promise.all([known, unknown].map(answerTo))
    expect(answers[1]).toEqual(answers[0])
    expect(answers[0]?.text).toBe('{"data":{"requestPasswordReset":{"accepted":true,"userErrors":[]}}}\n')
  })

  test('costs the same statements for both, and none of them tells whether there is an account', async () => {
    const known = await knownAddress()
    await using watched = await watchedService()
    const statementsFor = async (email: string) => {
      watched.statements.splice(0)
      await watched.service.request(email)
      return watched.statements.map((statement) => statement.replace(/ \[took .*$/, ''))
    }
    const forKnown = await statementsFor(known)
    expect(await statementsFor(newPerson().email)).toEqual(forKnown)
    expect(forKnown).toHaveLength(4)
    expect(forKnown.join()).not.toMatch(/select|"user"/)
  })

  test('sends a mail to the address, whatever its case, and none to an address without an account', async () => {
    const known = await knownAddress()
    expect(await mailsAfter(() => forms.requestPasswordReset(known.toUpperCase()))).toEqual([`RESET_PASSWORD ${known}`])
    expect(await mailsAfter(() => forms.requestPasswordReset(newPerson().email))).toEqual([])
  })

  test('sends no mail to somebody who is suspended', async () => {
    const known = await knownAddress()
    await auth.sql.query('UPDATE auth.user SET suspended_at = $2 WHERE email = $1', [known, clock.now()])
    expect(await mailsAfter(() => forms.requestPasswordReset(known))).toEqual([])
  })

  test.each(['', 'nonsense', 'ada'])('needs an address: "%s" is none', async (email) => {
    const { data } = await forms.requestPasswordReset(email)
    expect(data?.result).toEqual({
      accepted: false,
      userErrors: [{ code: 'BAD_USER_INPUT', message: expect.any(String), path: ['input', 'email'] }],
    })
  })

  test('is possible six times in a quarter of an hour for one address, whether or not it has an account', async () => {
    for (const email of [await knownAddress(), newPerson().email]) {
      const outcomes: string[] = []
      for (let time = 1; time <= 7; time += 1) outcomes.push(outcomeOf(await forms.requestPasswordReset(email)))
      expect(outcomes).toEqual([...Array(6).fill('DONE'), 'RATE_LIMITED'])
    }
  })
})

/** All that a client gets to see, but for the moment and the request's own id. */
async function answerTo(email: string) {
  const query = `mutation ($input: RequestPasswordResetInput!) {
    requestPasswordReset(input: $input) { accepted userErrors { code message path } }
  }`
  const response = await auth.client.post('/graphql', { query, variables: { input: { email } } })
  const headers = Object.fromEntries(response.headers)
  return { status: response.status, headers: { ...headers, date: '', 'x-request-id': '' }, text: await response.text() }
}
