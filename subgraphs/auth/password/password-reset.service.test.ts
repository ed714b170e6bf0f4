import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MailForms, outcomeOf } from '../mail/testing/mail-forms.ts'
import { AppOwner } from '../mfa/testing/app-owner.ts'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { holdLock, waitingForLocks } from '../testing/lock-queue.ts'
import { Mailbox } from '../testing/mailbox.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const HOUR = 3_600
const NEW_PASSWORD = 'a quiet green harbour'
const clock = new ManualClock()
let auth: RunningAuth
let client: RunningAuth['client']
let sql: RunningAuth['sql']
let forms: MailForms
let mailbox: Mailbox

beforeAll(async () => {
  auth = await startTestAuth(clock)
  ;({ client, sql } = auth)
  forms = new MailForms(client)
  mailbox = new Mailbox(auth.url)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

async function tokenFor(email: string): Promise<string> {
  expect(outcomeOf(await forms.requestPasswordReset(email))).toBe('DONE')
  return mailbox.tokenFor(email, 'RESET_PASSWORD')
}

/** Somebody with an account and a session, and the token of a mail that they asked for. */
async function forgetful() {
  const person = newPerson()
  const { user, tokens } = await client.signUp(person)
  if (!user || !tokens) throw new Error('The sign-up was refused.')
  return { ...person, id: user.id, tokens, token: await tokenFor(person.email) }
}

async function signInOutcome(login: string, password: string): Promise<string> {
  const { tokens, userErrors } = await client.signIn(login, password)
  return tokens ? 'DONE' : (userErrors[0]?.code ?? '')
}

/** Lets none of them spend a token before all are about to. */
async function allAtOnce<Result>(requests: (() => Promise<Result>)[]): Promise<Result[]> {
  await using lock = await holdLock(auth, 'LOCK TABLE auth.mailed_token IN SHARE MODE')
  const answers = Promise.all(requests.map((request) => request()))
  await expect.poll(() => waitingForLocks(auth), { timeout: 20_000 }).toBe(requests.length)
  await lock.letGo()
  return await answers
}

describe('A mailed token', () => {
  test('sets a new password once, and the old one is no good any more', async () => {
    const { id, email, username, password, token } = await forgetful()
    const { data } = await forms.resetPassword(token, NEW_PASSWORD)
    expect(data?.result).toEqual({ user: { id, username, email, emailVerified: true }, userErrors: [] })
    expect(await signInOutcome(username, password)).toBe('INVALID_CREDENTIALS')
    expect(await signInOutcome(email, NEW_PASSWORD)).toBe('DONE')
    const again = await forms.resetPassword(token, 'another quiet harbour')
    expect(again.data?.result).toEqual({
      user: null,
      userErrors: [{ code: 'INVALID_TOKEN', message: expect.any(String), path: ['input', 'token'] }],
    })
    expect(await signInOutcome(email, NEW_PASSWORD)).toBe('DONE')
  })

  test('ends all sessions of the account, and signs nobody in', async () => {
    const { username, password, tokens, token } = await forgetful()
    const other = await client.signIn(username, password)
    expect(outcomeOf(await forms.resetPassword(token, NEW_PASSWORD))).toBe('DONE')
    for (const session of [tokens, other.tokens]) {
      await expect
        .poll(async () => (await client.me(session?.accessToken)).errors?.[0]?.extensions.code, { timeout: 10_000 })
        .toBe('UNAUTHENTICATED')
      const refreshed = await client.refresh(session?.refreshToken ?? '')
      expect(refreshed.userErrors).toMatchObject([{ code: 'SESSION_ENDED' }])
    }
    const { rows } = await sql.query(
      `SELECT ended_at, end_reason FROM auth.session JOIN auth.user ON "user".id = user_id WHERE username = $1`,
      [username],
    )
    expect(rows).toEqual(Array(2).fill({ ended_at: clock.now(), end_reason: 'PASSWORD_RESET' }))
  })

  test('is followed by a notice, and written down', async () => {
    const { email, token } = await forgetful()
    await forms.resetPassword(token, NEW_PASSWORD)
    const notice = await mailbox.mailTo(email, ({ kind }) => kind === 'PASSWORD_CHANGED')
    expect(notice).toMatchObject({ subject: 'Your password was changed', link: null })
    const { rows } = await sql.query(
      `SELECT action FROM auth.audit_event JOIN auth.user ON "user".id = subject_id AND "user".id = actor_id
       WHERE email = $1 AND action NOT LIKE 'session.%' ORDER BY audit_event.id`,
      [email],
    )
    expect(rows.map(({ action }) => action)).toEqual(['user.signed_up', 'email.verified', 'password.reset'])
  })

  test('works for one of two who bring it at once, and then for the password of that one', async () => {
    const { username, token } = await forgetful()
    const passwords = [NEW_PASSWORD, 'another quiet harbour']
    const answers = await allAtOnce(passwords.map((password) => () => forms.resetPassword(token, password)))
    const outcomes = answers.map(outcomeOf)
    expect(outcomes.toSorted()).toEqual(['DONE', 'INVALID_TOKEN'])
    for (const [index, password] of passwords.entries()) {
      expect(await signInOutcome(username, password)).toBe(outcomes[index] === 'DONE' ? 'DONE' : 'INVALID_CREDENTIALS')
    }
  })

  test('makes the other ones of the account worthless, even one that is brought at once', async () => {
    const { email } = await forgetful()
    const tokens = [await tokenFor(email), await tokenFor(email)]
    const third = await tokenFor(email)
    const answers = await allAtOnce(tokens.map((text) => () => forms.resetPassword(text, NEW_PASSWORD)))
    expect(answers.map(outcomeOf).toSorted()).toEqual(['DONE', 'INVALID_TOKEN'])
    expect(outcomeOf(await forms.resetPassword(third, NEW_PASSWORD))).toBe('INVALID_TOKEN')
  })

  test('is good for an hour', async () => {
    const [first, second] = [await forgetful(), await forgetful()]
    clock.advance(HOUR - 1)
    expect(outcomeOf(await forms.resetPassword(first.token, NEW_PASSWORD))).toBe('DONE')
    clock.advance(1)
    expect(outcomeOf(await forms.resetPassword(second.token, NEW_PASSWORD))).toBe('INVALID_TOKEN')
  })

  test('is worthless once the account has another address, or is suspended', async () => {
    const [moved, suspended] = [await forgetful(), await forgetful()]
    await sql.query("UPDATE auth.user SET email_key = 'x' || email_key WHERE username = $1", [moved.username])
    await sql.query('UPDATE auth.user SET suspended_at = $2 WHERE username = $1', [suspended.username, clock.now()])
    expect(outcomeOf(await forms.resetPassword(moved.token, NEW_PASSWORD))).toBe('INVALID_TOKEN')
    expect(outcomeOf(await forms.resetPassword(suspended.token, NEW_PASSWORD))).toBe('INVALID_TOKEN')
  })

  test('that verifies an address sets no password', async () => {
    const { user } = await client.enter()
    const token = await mailbox.tokenFor(user.email ?? '', 'VERIFY_EMAIL')
    expect(outcomeOf(await forms.resetPassword(token, NEW_PASSWORD))).toBe('INVALID_TOKEN')
  })

  test('stays good when the new password is refused', async () => {
    const { username, token } = await forgetful()
    for (const weak of ['short', username, `${username}!`]) {
      const { data } = await forms.resetPassword(token, weak)
      expect(data?.result?.userErrors).toMatchObject([{ code: 'WEAK_PASSWORD', path: ['input', 'newPassword'] }])
    }
    expect(outcomeOf(await forms.resetPassword(token, NEW_PASSWORD))).toBe('DONE')
  })
})

describe('Of somebody with a second factor, a mailed token', () => {
  test('asks for a code, stays good when there is none or a wrong one, and works with the right one', async () => {
    const owner = await AppOwner.enrolled(client, clock)
    const token = await tokenFor(owner.person.email)
    const without = await forms.resetPassword(token, NEW_PASSWORD)
    expect(without.data?.result?.userErrors).toMatchObject([{ code: 'TOTP_REQUIRED', path: ['input', 'totpCode'] }])
    const wrong = await forms.resetPassword(token, NEW_PASSWORD, owner.wrongCode())
    expect(wrong.data?.result?.userErrors).toMatchObject([{ code: 'INVALID_CODE', path: ['input', 'totpCode'] }])
    expect(await owner.signIn(owner.code())).toBe('DONE')
    clock.advance(30)
    expect(outcomeOf(await forms.resetPassword(token, NEW_PASSWORD, owner.code()))).toBe('DONE')
    expect(await signInOutcome(owner.person.username, NEW_PASSWORD)).toBe('TOTP_REQUIRED')
  })

  test('works with a recovery code', async () => {
    const owner = await AppOwner.enrolled(client, clock)
    const token = await tokenFor(owner.person.email)
    expect(outcomeOf(await forms.resetPassword(token, NEW_PASSWORD, owner.recoveryCodes[0]))).toBe('DONE')
  })
})
