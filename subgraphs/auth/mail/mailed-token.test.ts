import type { MikroORM } from '@mikro-orm/postgresql'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { openAuthDatabase } from '../database.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { waitingForLocks } from '../testing/lock-queue.ts'
import { Mailbox } from '../testing/mailbox.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { forgetResetTokens } from './mailed-token.ts'
import { MailForms, outcomeOf } from './testing/mail-forms.ts'

const NEW_PASSWORD = 'a quiet green harbour'
const clock = new ManualClock()
let auth: RunningAuth
let sql: RunningAuth['sql']
let orm: MikroORM
let forms: MailForms
let mailbox: Mailbox

beforeAll(async () => {
  auth = await startTestAuth(clock)
  sql = auth.sql
  orm = await openAuthDatabase({ url: auth.databaseUrl, logger: pino({ level: 'silent' }) })
  forms = new MailForms(auth.client)
  mailbox = new Mailbox(auth.url)
})

afterAll(async () => {
  await orm?.close()
  await auth?.[Symbol.asyncDispose]()
})

/** Somebody with an account, and the token of their sign-up's mail. */
async function newcomer() {
  const { user } = await auth.client.enter()
  const email = user.email ?? ''
  return { id: decodeId('usr', user.id), email, verification: await mailbox.tokenFor(email, 'VERIFY_EMAIL') }
}

async function resetTokenFor({ email }: { email: string }): Promise<string> {
  await forms.requestPasswordReset(email)
  return mailbox.tokenFor(email, 'RESET_PASSWORD')
}

/** As whoever changes the account: with its row locked. */
async function forget({ id }: { id: string }, whileLocked: () => Promise<void> = async () => {}): Promise<void> {
  await orm.em.fork().transactional(async (em) => {
    await em.execute('SELECT FROM auth.user WHERE id = ? FOR UPDATE', [id])
    await whileLocked()
    await forgetResetTokens(em, id)
  })
}

describe('Taking back what leads to a new password', () => {
  test('leaves no token for one, and the other tokens', async () => {
    const [person, other] = [await newcomer(), await newcomer()]
    const tokens = [await resetTokenFor(person), await resetTokenFor(person)]
    const otherToken = await resetTokenFor(other)
    await forget(person)
    for (const token of tokens) expect(outcomeOf(await forms.resetPassword(token, NEW_PASSWORD))).toBe('INVALID_TOKEN')
    expect(outcomeOf(await forms.verifyEmail(person.verification))).toBe('DONE')
    expect(outcomeOf(await forms.resetPassword(otherToken, NEW_PASSWORD))).toBe('DONE')
  })

  test('leaves no mail with one to be written, and the other mails', async () => {
    const [person, other] = [await newcomer(), await newcomer()]
    const jobs = [
      [person, 'RESET_PASSWORD'],
      [person, 'VERIFY_EMAIL'],
      [other, 'RESET_PASSWORD'],
    ] as const
    for (const [{ email }, kind] of jobs) {
      await sql.query(
        `INSERT INTO auth.mail_job (id, kind, email_key, next_attempt_at, expires_at)
         SELECT gen_random_uuid(), $1, $2, later, later FROM (SELECT $3::timestamptz + interval '1 hour' AS later)`,
        [kind, email, clock.now()],
      )
    }
    await forget(person)
    const { rows } = await sql.query('DELETE FROM auth.mail_job RETURNING kind, email_key')
    expect(rows.map(({ kind, email_key }) => `${kind} ${email_key}`).toSorted()).toEqual([
      `RESET_PASSWORD ${other.email}`,
      `VERIFY_EMAIL ${person.email}`,
    ])
  })

  test('keeps a mail from being sent that is being written at the moment', async () => {
    const person = await newcomer()
    const mails = await mailbox.mailsAfter(sql, () =>
      forget(person, async () => {
        expect(outcomeOf(await forms.requestPasswordReset(person.email))).toBe('DONE')
        await expect.poll(() => waitingForLocks(auth), { timeout: 10_000 }).toBe(1)
      }),
    )
    expect(mails).toEqual([])
    const { rowCount } = await sql.query('SELECT FROM auth.mailed_token WHERE user_id = $1 AND purpose = $2', [
      person.id,
      'RESET_PASSWORD',
    ])
    expect(rowCount).toBe(0)
  })
})
