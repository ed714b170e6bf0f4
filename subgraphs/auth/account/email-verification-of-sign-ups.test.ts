import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { outcomeOf } from '../mail/testing/mail-forms.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { startVerifyingAuth, type VerifyingAuth } from './testing/verifying-auth.ts'

const HOUR = 3_600
const clock = new ManualClock()
let auth: VerifyingAuth
let sql: VerifyingAuth['sql']
let forms: VerifyingAuth['forms']
let mailbox: VerifyingAuth['mailbox']

beforeAll(async () => {
  auth = await startVerifyingAuth(clock)
  ;({ sql, forms, mailbox } = auth)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

/** A sign-up that waits for its address to be verified, and the token of its mail. */
async function waiting(email?: string) {
  const person = await auth.signUp(email)
  return { ...person, token: await mailbox.tokenFor(person.email) }
}

async function signInOutcome({ username, password }: { username: string; password: string }): Promise<string> {
  const { tokens, userErrors } = await auth.client.signIn(username, password)
  return tokens ? 'DONE' : (userErrors[0]?.code ?? '')
}

/** How many rows are left of a sign-up: of itself, of its tokens, and of the account. */
async function rowsOf({ email }: { email: string }): Promise<{ pending: number; tokens: number; users: number }> {
  const { rows } = await sql.query(
    `SELECT (SELECT count(*)::int FROM auth.pending_sign_up WHERE email_key = $1) AS pending,
            (SELECT count(*)::int FROM auth.mailed_token WHERE email_key = $1) AS tokens,
            (SELECT count(*)::int FROM auth.user WHERE email_key = $1) AS users`,
    [email],
  )
  return rows[0]
}

describe('Verifying the address of a sign-up', () => {
  test('makes the account that it asked for, which can be signed in to then', async () => {
    const person = await waiting()
    expect(await signInOutcome(person)).toBe('EMAIL_NOT_VERIFIED')
    const { data } = await forms.verifyEmail(person.token)
    expect(data?.result).toEqual({
      user: { id: person.id, username: person.username, email: person.email, emailVerified: true },
      userErrors: [],
    })
    expect(await signInOutcome(person)).toBe('DONE')
    const { rows } = await sql.query(
      `SELECT roles, (SELECT array_agg(action ORDER BY audit_event.id) FROM auth.audit_event
                      WHERE subject_id = "user".id AND action NOT LIKE 'session.%') AS actions
       FROM auth.user WHERE email = $1`,
      [person.email],
    )
    expect(rows).toEqual([{ roles: ['MEMBER'], actions: ['user.signed_up', 'email.verified'] }])
  })

  test('ends all other sign-ups with the address', async () => {
    const first = await waiting()
    const second = await waiting(first.email)
    expect(await rowsOf(first)).toEqual({ pending: 2, tokens: 2, users: 0 })
    expect(outcomeOf(await forms.verifyEmail(first.token))).toBe('DONE')
    expect(await rowsOf(first)).toEqual({ pending: 0, tokens: 0, users: 1 })
    expect(outcomeOf(await forms.verifyEmail(second.token))).toBe('INVALID_TOKEN')
    expect(await signInOutcome(second)).toBe('INVALID_CREDENTIALS')
  })

  test('makes one account of two sign-ups with the address that are verified at once', async () => {
    const first = await waiting()
    const second = await waiting(first.email)
    const answers = await Promise.all([forms.verifyEmail(first.token), forms.verifyEmail(second.token)])
    expect(answers.map(outcomeOf).toSorted()).toEqual(['DONE', 'INVALID_TOKEN'])
    expect(await rowsOf(first)).toEqual({ pending: 0, tokens: 0, users: 1 })
  })

  test.each([
    ['EMAIL_TAKEN', 'email', 'email'],
    ['USERNAME_TAKEN', 'username', 'username'],
  ] as const)(
    'is refused with %s when another account took it, and works when it is free again',
    async (code, column, key) => {
      const owner = await waiting()
      await forms.verifyEmail(owner.token)
      const person = await waiting()
      await sql.query(`UPDATE auth.user SET ${column}_key = $2 WHERE username = $1`, [owner.username, person[key]])
      const refused = await forms.verifyEmail(person.token)
      expect(refused.data?.result).toEqual({
        user: null,
        userErrors: [{ code, message: expect.any(String), path: ['input', 'token'] }],
      })
      expect(await rowsOf(person)).toMatchObject({ pending: 1, tokens: 1 })
      await sql.query(`UPDATE auth.user SET ${column}_key = $2 WHERE username = $1`, [owner.username, owner[key]])
      expect(outcomeOf(await forms.verifyEmail(person.token))).toBe('DONE')
    },
  )

  test('works with a later mail as well, as long as the sign-up waits', async () => {
    const person = await waiting()
    clock.advance(23 * HOUR)
    await forms.requestEmailVerification(person.email)
    const mail = await mailbox.mailTo(person.email)
    expect(mail.text).toContain(new Date(clock.now().getTime() + HOUR * 1000).toISOString().slice(11, 16))
    clock.advance(HOUR)
    expect(outcomeOf(await forms.verifyEmail(mail.link?.token ?? ''))).toBe('INVALID_TOKEN')
    const mails = await mailbox.mailsAfter(sql, () => forms.requestEmailVerification(person.email))
    expect(mails).toEqual([])
  })
})

describe('A sign-up with an address that has an account', () => {
  test('is answered to its owner with a mail that says so and verifies nothing', async () => {
    const owner = await waiting()
    await forms.verifyEmail(owner.token)
    clock.advance(1)
    await auth.client.signUp({ email: owner.email })
    const mail = await mailbox.mailTo(owner.email)
    expect(mail).toMatchObject({ subject: 'You have an account already', link: null })
    expect(mail.text).not.toContain('token')
    expect(await rowsOf(owner)).toMatchObject({ tokens: 0, users: 1 })
  })

  test('is over when the account is newer, and brings its owner no mail', async () => {
    const person = await waiting()
    clock.advance(1)
    const owner = await waiting()
    await forms.verifyEmail(owner.token)
    await sql.query('UPDATE auth.user SET email = $2, email_key = $2 WHERE username = $1', [
      owner.username,
      person.email,
    ])
    const mails = await mailbox.mailsAfter(sql, async () => {
      expect(outcomeOf(await forms.requestEmailVerification(person.email))).toBe('DONE')
    })
    expect(mails).toEqual([])
  })
})
