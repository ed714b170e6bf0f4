import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MailForms, outcomeOf } from '../mail/testing/mail-forms.ts'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { Mailbox } from '../testing/mailbox.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const HOUR = 3_600
const clock = new ManualClock()
let auth: RunningAuth
let sql: RunningAuth['sql']
let forms: MailForms
let mailbox: Mailbox

beforeAll(async () => {
  auth = await startTestAuth(clock)
  sql = auth.sql
  forms = new MailForms(auth.client)
  mailbox = new Mailbox(auth.url)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

/** Somebody with an account, and the token of the mail that their sign-up sent. */
async function newcomer() {
  const { user, tokens } = await auth.client.enter()
  const email = user.email ?? ''
  return { user, email, accessToken: tokens.accessToken, token: await mailbox.tokenFor(email, 'VERIFY_EMAIL') }
}

/** The mails that a request brought about, once all work is done. */
async function mailsAfter(request: () => Promise<unknown>): Promise<{ to: string; hasLink: boolean }[]> {
  const mails = await mailbox.mailsAfter(sql, request)
  return mails.map(({ to, link }) => ({ to, hasLink: link !== null }))
}

async function auditOf(email: string): Promise<string[]> {
  const { rows } = await sql.query(
    `SELECT action FROM auth.audit_event JOIN auth.user ON "user".id = subject_id AND "user".id = actor_id
     WHERE email = $1 ORDER BY audit_event.id`,
    [email],
  )
  return rows.map(({ action }) => action)
}

describe('A mailed token', () => {
  test('verifies the address that it was sent to, once, and signs nobody in', async () => {
    const { user, email, token } = await newcomer()
    const { data } = await forms.verifyEmail(token)
    expect(data?.result).toEqual({
      user: { id: user.id, username: user.username, email, emailVerified: true },
      userErrors: [],
    })
    expect(await auditOf(email)).toEqual(['user.signed_up', 'session.opened', 'email.verified'])
    const again = await forms.verifyEmail(token)
    expect(again.data?.result).toEqual({
      user: null,
      userErrors: [{ code: 'INVALID_TOKEN', message: expect.any(String), path: ['input', 'token'] }],
    })
  })

  test('verifies for one of two who bring it at once', async () => {
    const { token } = await newcomer()
    const answers = await Promise.all([forms.verifyEmail(token), forms.verifyEmail(token)])
    expect(answers.map(outcomeOf).toSorted()).toEqual(['DONE', 'INVALID_TOKEN'])
  })

  test('is good for a day', async () => {
    const [first, second] = [await newcomer(), await newcomer()]
    clock.advance(24 * HOUR - 1)
    expect(outcomeOf(await forms.verifyEmail(first.token))).toBe('DONE')
    clock.advance(1)
    expect(outcomeOf(await forms.verifyEmail(second.token))).toBe('INVALID_TOKEN')
  })

  test('proves nothing once the account has another address', async () => {
    const { user, token } = await newcomer()
    const { email } = newPerson()
    await sql.query('UPDATE auth.user SET email = $2, email_key = $2 WHERE username = $1', [user.username, email])
    expect(outcomeOf(await forms.verifyEmail(token))).toBe('INVALID_TOKEN')
  })

  test.each([
    ['nothing', ''],
    ['a word', 'nonsense'],
    ['43 characters of which one is no letter', `${'A'.repeat(42)}!`],
    ['43 letters that nobody was sent', 'A'.repeat(43)],
    ['far too much', 'A'.repeat(100_000)],
  ])('is not %s', async (_title, text) => {
    expect(outcomeOf(await forms.verifyEmail(text))).toBe('INVALID_TOKEN')
  })

  test('that is for a new password verifies nothing', async () => {
    const { email } = await newcomer()
    await forms.requestPasswordReset(email)
    expect(outcomeOf(await forms.verifyEmail(await mailbox.tokenFor(email, 'RESET_PASSWORD')))).toBe('INVALID_TOKEN')
  })

  test('that was tried too often from one address is not even looked at', async () => {
    const query = 'mutation { verifyEmail(input: { token: "guess" }) { userErrors { code } } }'
    const aliases = Array.from(
      { length: 21 },
      (_, index) => `t${index}: verifyEmail(input: { token: "x" }) { user { id } }`,
    )
    const headers = { 'x-forwarded-for': '203.0.113.99' }
    await auth.client.post('/graphql', { query: `mutation { ${aliases.join(' ')} }` }, headers)
    const response = await auth.client.post('/graphql', { query }, headers)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] })
  })
})

describe('Asking for a verification mail', () => {
  test('when signed in sends it to one’s own address, whatever address is given', async () => {
    const { email, accessToken } = await newcomer()
    const other = await newcomer()
    const mails = await mailsAfter(() => forms.requestEmailVerification(other.email, accessToken))
    expect(mails).toEqual([{ to: email, hasLink: true }])
    expect(await auditOf(email)).toContain('email.verification_requested')
    expect(outcomeOf(await forms.verifyEmail(await mailbox.tokenFor(email)))).toBe('DONE')
  })

  test('sends nothing to an address that is verified, and says the same', async () => {
    const { email, accessToken, token } = await newcomer()
    await forms.verifyEmail(token)
    const answers: unknown[] = []
    const mails = await mailsAfter(async () => {
      answers.push(await forms.requestEmailVerification(null, accessToken))
      answers.push(await forms.requestEmailVerification(email))
    })
    expect(mails).toEqual([])
    const accepted = { data: { result: { accepted: true, userErrors: [] } } }
    expect(answers).toEqual([accepted, accepted])
  })

  test('when signed out sends it to the address given, whatever its case, and nothing to one that nobody has', async () => {
    const { email } = await newcomer()
    expect(await mailsAfter(() => forms.requestEmailVerification(email.toUpperCase()))).toEqual([
      { to: email, hasLink: true },
    ])
    expect(await mailsAfter(() => forms.requestEmailVerification(newPerson().email))).toEqual([])
  })

  test.each([undefined, null, '', 'nonsense', 'a@b@example.com'])('needs an address when signed out', async (email) => {
    const { data } = await forms.requestEmailVerification(email)
    expect(data?.result).toEqual({
      accepted: false,
      userErrors: [{ code: 'BAD_USER_INPUT', message: expect.any(String), path: ['input', 'email'] }],
    })
  })

  test('is possible six times in a quarter of an hour for one address, whoever has it', async () => {
    const { user } = await newcomer()
    const moved = newPerson().email
    await sql.query('UPDATE auth.user SET email = $2, email_key = $2 WHERE username = $1', [user.username, moved])
    for (const address of [moved, newPerson().email]) {
      const outcomes: string[] = []
      for (let time = 1; time <= 7; time += 1) outcomes.push(outcomeOf(await forms.requestEmailVerification(address)))
      expect(outcomes).toEqual([...Array(6).fill('DONE'), 'RATE_LIMITED'])
    }
  })

  test('counts with the mail of the sign-up', async () => {
    const { email } = await newcomer()
    const outcomes: string[] = []
    for (let time = 1; time <= 6; time += 1) outcomes.push(outcomeOf(await forms.requestEmailVerification(email)))
    expect(outcomes).toEqual([...Array(5).fill('DONE'), 'RATE_LIMITED'])
  })
})
