import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { MOST_MAILS } from '../limits/account-limits.ts'
import { outcomeOf } from '../mail/testing/mail-forms.ts'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { Mailbox, type ReceivedMail } from '../testing/mailbox.ts'
import { startTestAuth } from '../testing/running-auth.ts'
import { startVerifyingAuth, type VerifyingAuth } from './testing/verifying-auth.ts'

const PATIENTLY = { timeout: 10_000 }
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

/** A sign-up that waits for its address to be verified, later than all before it. */
async function signUp(email?: string) {
  const person = await auth.signUp(email)
  clock.advance(1)
  return { ...person, id: decodeId('usr', person.id) }
}

/** Somebody with an account whose address is verified. */
async function accountOwner() {
  const person = await signUp()
  expect(outcomeOf(await forms.verifyEmail(await mailbox.tokenFor(person.email)))).toBe('DONE')
  return person
}

const isFor =
  ({ username }: { username: string }) =>
  ({ text }: ReceivedMail) =>
    text.includes(`"${username}"`)

async function waitingAt(email: string): Promise<string[]> {
  const { rows } = await sql.query('SELECT username FROM auth.pending_sign_up WHERE email_key = $1 ORDER BY id', [
    email,
  ])
  return rows.map(({ username }) => username)
}

/** Lets the worker fail to write mails while something happens, and try again afterwards. */
async function whileNoMailIsWritten(work: () => Promise<void>): Promise<void> {
  await sql.query('ALTER TABLE auth.mailed_token RENAME TO mailed_token_away')
  try {
    await work()
    // A mail that was tried has been given back, for some seconds: what the worker still holds is its own for a minute.
    const untried = 'SELECT FROM auth.mail_job WHERE attempts = 0 OR next_attempt_at > $1'
    const inHalfAMinute = new Date(clock.now().getTime() + 30_000)
    await expect.poll(async () => (await sql.query(untried, [inHalfAMinute])).rowCount, PATIENTLY).toBe(0)
  } finally {
    await sql.query('ALTER TABLE auth.mailed_token_away RENAME TO mailed_token')
    clock.advance(60)
  }
}

describe('The mail of a sign-up', () => {
  test('finishes that sign-up and no other, whoever signed up with the address before it was written', async () => {
    const { email } = newPerson()
    const people: Awaited<ReturnType<typeof signUp>>[] = []
    await whileNoMailIsWritten(async () => {
      people.push(await signUp(email), await signUp(email))
    })
    for (const person of people) {
      const { link } = await mailbox.mailTo(email, isFor(person))
      const { rows } = await sql.query(
        `SELECT pending_sign_up_id AS id FROM auth.mailed_token WHERE digest = sha256(convert_to($1, 'UTF8'))`,
        [link?.token],
      )
      expect(rows).toEqual([{ id: person.id }])
    }
  })

  test('names the username that was signed up with, and says to follow no other', async () => {
    const [victim, stranger] = [await signUp(), newPerson()]
    const mine = await mailbox.mailTo(victim.email)
    await auth.client.signUp({ ...stranger, email: victim.email })
    const theirs = await mailbox.mailTo(victim.email)
    expect(mine.text).toContain(`"${victim.username}"`)
    expect(mine.text).not.toContain(stranger.username)
    expect(theirs.text).toContain(`"${stranger.username}"`)
    expect(theirs.text).not.toContain(victim.username)
    expect(mine.text).toContain('Follow it only if')
    const { data } = await forms.verifyEmail(mine.link?.token ?? '')
    expect(data?.result?.user).toMatchObject({ username: victim.username })
    expect((await auth.client.signIn(victim.username, victim.password)).tokens).not.toBeNull()
  })

  test('comes for each that waits when somebody asks for one by the address', async () => {
    const first = await signUp()
    const second = await signUp(first.email)
    const mails = await mailbox.mailsAfter(sql, () => forms.requestEmailVerification(first.email))
    const again = mails.filter(({ to }) => to === first.email)
    expect(again.filter(isFor(first)).length).toBeGreaterThan(0)
    expect(again.filter(isFor(second)).length).toBeGreaterThan(0)
    const token = again.find(isFor(first))?.link?.token ?? ''
    expect((await forms.verifyEmail(token)).data?.result?.user).toMatchObject({ username: first.username })
  })

  test('is asked for in the same rows for an address that has an account and for one that has none', async () => {
    await sql.query(`
      CREATE TABLE public.asked (LIKE auth.mail_job);
      CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.asked SELECT NEW.*; RETURN NULL; END $$;
      CREATE TRIGGER remember AFTER INSERT ON auth.mail_job FOR EACH ROW EXECUTE FUNCTION public.remember()`)
    const known = await signUp((await accountOwner()).email)
    const unknown = await signUp()
    for (const { id } of [known, unknown]) {
      const { rows } = await sql.query(
        'SELECT kind, email_key, user_id, attempts FROM public.asked WHERE pending_sign_up_id = $1',
        [id],
      )
      expect(rows).toEqual([{ kind: 'VERIFY_EMAIL', email_key: null, user_id: null, attempts: 0 }])
    }
    const { rowCount } = await sql.query('SELECT FROM public.asked WHERE pending_sign_up_id IS NULL')
    expect(rowCount).toBe(0)
  })

  test('goes nowhere when the sign-up is gone before it is written', async () => {
    const { email } = newPerson()
    const mails = await mailbox.mailsAfter(sql, () =>
      whileNoMailIsWritten(async () => {
        await signUp(email)
        await sql.query('DELETE FROM auth.pending_sign_up WHERE email_key = $1', [email])
      }),
    )
    expect(mails.filter(({ to }) => to === email)).toEqual([])
  })
})

describe('To one address', () => {
  test('sign-ups send six mails in a quarter of an hour, whether or not it has an account', async () => {
    const owner = await accountOwner()
    for (const [email, left] of [
      [owner.email, MOST_MAILS - 1],
      [newPerson().email, MOST_MAILS],
    ] as const) {
      const mails = await mailbox.mailsAfter(sql, async () => {
        for (let count = 1; count <= MOST_MAILS + 2; count += 1) {
          const { user, userErrors } = await auth.client.signUp({ email })
          expect({ email: user?.email, userErrors }).toEqual({ email, userErrors: [] })
          // So that it is not a newer sign-up that keeps a mail from being written.
          await expect.poll(async () => (await sql.query('SELECT FROM auth.mail_job')).rowCount, PATIENTLY).toBe(0)
        }
      })
      expect(mails.map(({ to }) => to)).toEqual(Array(left).fill(email))
      expect(await waitingAt(email)).toHaveLength(5)
      expect(outcomeOf(await forms.requestEmailVerification(email))).toBe('RATE_LIMITED')
    }
  })

  test('mails that were asked for count as well, and a sign-up without a mail is answered like any other', async () => {
    const { email } = newPerson()
    for (let count = 1; count <= MOST_MAILS; count += 1) await forms.requestPasswordReset(email)
    const mails = await mailbox.mailsAfter(sql, async () => {
      const person = await signUp(email)
      const { userErrors } = await auth.client.signIn(person.username, person.password)
      expect(userErrors).toMatchObject([{ code: 'EMAIL_NOT_VERIFIED' }])
    })
    expect(mails).toEqual([])
  })

  test('a sign-up that is refused counts for nothing', async () => {
    const { username } = await accountOwner()
    const { email } = newPerson()
    for (let count = 1; count <= MOST_MAILS; count += 1) {
      expect((await auth.client.signUp({ email, username })).userErrors).toMatchObject([{ code: 'USERNAME_TAKEN' }])
    }
    await signUp(email)
    await mailbox.tokenFor(email)
  })

  test('belong five waiting sign-ups at most: a new one takes the place of the oldest', async () => {
    const { email } = newPerson()
    const usernames: string[] = []
    for (let count = 1; count <= 7; count += 1) usernames.push((await signUp(email)).username)
    expect((await waitingAt(email)).toSorted()).toEqual(usernames.slice(2).toSorted())
  })

  test('belong five waiting sign-ups at most, when many come at once', async () => {
    const { email } = newPerson()
    const other = await signUp()
    const answers = await Promise.all(Array.from({ length: 12 }, () => auth.client.signUp({ email })))
    expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual([])
    expect(await waitingAt(email)).toHaveLength(5)
    expect(await waitingAt(other.email)).toHaveLength(1)
  })
})

describe('Where accounts are made at once', () => {
  test('signing up and deleting the account over and over sends six mails', async () => {
    await using open = await startTestAuth(clock)
    const person = newPerson()
    const mails = await new Mailbox(open.url).mailsAfter(open.sql, async () => {
      for (let count = 1; count <= MOST_MAILS + 2; count += 1) {
        const { user, tokens } = await open.client.signUp(person)
        expect(user?.email).toBe(person.email)
        // So that it is not the account's end that keeps a mail from being written.
        const jobs = 'SELECT FROM auth.mail_job'
        await expect.poll(async () => (await open.sql.query(jobs)).rowCount, PATIENTLY).toBe(0)
        await open.client.query(
          'mutation ($password: String!) { deleteAccount(input: { password: $password }) { userErrors { code } } }',
          { password: person.password },
          tokens?.accessToken,
        )
      }
    })
    expect(mails.map(({ kind, to }) => `${kind} ${to}`)).toEqual(Array(MOST_MAILS).fill(`VERIFY_EMAIL ${person.email}`))
  })

  test('a sign-up that is refused counts for nothing', async () => {
    await using open = await startTestAuth(clock)
    const { user } = await open.client.enter()
    const { email } = newPerson()
    for (let count = 1; count <= MOST_MAILS; count += 1) {
      const { userErrors } = await open.client.signUp({ email, username: user.username })
      expect(userErrors).toMatchObject([{ code: 'USERNAME_TAKEN' }])
    }
    await open.client.signUp({ email })
    await new Mailbox(open.url).tokenFor(email)
  })
})
