import type { EntityManager } from '@mikro-orm/postgresql'
import { MailJob, type MailKind } from './mail-job.entity.ts'

/**
 * How long a job belongs to the worker that took it: longer than writing and sending a mail may last. A job whose worker
 * died is taken again afterwards, so a mail may come twice but is never lost.
 */
const LEASE_MS = 60_000

const MOST_COUNTED = 10_000

const FIRST_PAUSE_MS = 5_000
const LONGEST_PAUSE_MS = 600_000
/** Pauses are up to this share longer, so that the mails of an outage do not all come back in one moment. */
const JITTER = 0.5

/** A mail to write, as one worker took it. */
export interface MailClaim {
  readonly id: string
  readonly kind: MailKind
  /** Of the next three, one is there. */
  readonly emailKey: string | null
  readonly userId: string | null
  readonly pendingSignUpId: string | null
  /** Rises with each worker that takes the job, this one included. */
  readonly attempts: number
  /** Too late: it is only left to drop it. */
  readonly isExpired: boolean
}

/** Takes the job that is due longest and that nobody works on. Undefined when there is none. */
export async function claimMail(em: EntityManager, now: Date): Promise<MailClaim | undefined> {
  const [claim] = await em.execute<MailClaim[]>(
    `UPDATE auth.mail_job SET attempts = attempts + 1, next_attempt_at = ?
     WHERE id = (
       SELECT id FROM auth.mail_job WHERE next_attempt_at <= ? ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
     )
     RETURNING id, kind, email_key AS "emailKey", user_id AS "userId", pending_sign_up_id AS "pendingSignUpId",
       attempts, expires_at <= ? AS "isExpired"`,
    [later(now, LEASE_MS), now, now],
  )
  return claim
}

/** How many mails are still to be sent, at most 10,000: more are counted as so many. */
export async function countWaiting(em: EntityManager): Promise<number> {
  const [{ waiting }] = await em.execute<[{ waiting: number }]>(
    'SELECT count(*)::integer AS waiting FROM (SELECT FROM auth.mail_job LIMIT ?) AS counted',
    [MOST_COUNTED],
  )
  return waiting
}

/** Gives a job back that did not work out: it is due again after a while, longer each time. */
export async function postponeMail(em: EntityManager, { id, attempts }: MailClaim, now: Date): Promise<void> {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS)
  const nextAttemptAt = later(now, Math.min(pause * (1 + JITTER * Math.random()), LONGEST_PAUSE_MS))
  // Only while no other worker has taken it meanwhile.
  await em.nativeUpdate(MailJob, { id, attempts }, { nextAttemptAt })
}

/** Deletes a job that is done, or too old. */
export async function finishMail(em: EntityManager, { id }: MailClaim): Promise<void> {
  await em.nativeDelete(MailJob, { id })
}

function later(moment: Date, milliseconds: number): Date {
  return new Date(moment.getTime() + milliseconds)
}
