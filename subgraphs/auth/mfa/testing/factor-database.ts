import { expect } from 'vitest'
import { decodeId } from '../../../../platform/ids.ts'
import { holdLock, waitingForLocks } from '../../testing/lock-queue.ts'
import type { RunningAuth } from '../../testing/running-auth.ts'
import type { AppOwner } from './app-owner.ts'

/** What the tests of the second factor see, and do, behind its back. */
export class FactorDatabase {
  readonly #auth: RunningAuth

  constructor(auth: RunningAuth) {
    this.#auth = auth
  }

  /** From now on the mails that are asked for are counted. */
  async rememberMails(): Promise<void> {
    // Mails are deleted when they are sent: this remembers those that were asked for.
    await this.#auth.sql.query(`
    CREATE TABLE public.asked (user_id uuid, kind text);
    CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.asked VALUES (NEW.user_id, NEW.kind); RETURN NULL; END $$;
    CREATE TRIGGER remember AFTER INSERT ON auth.mail_job FOR EACH ROW EXECUTE FUNCTION public.remember()`)
  }

  async noticesTo({ id }: AppOwner): Promise<number> {
    const { rows } = await this.#auth.sql.query(
      `SELECT FROM asked WHERE user_id = $1 AND kind = 'SECOND_FACTOR_CHANGED'`,
      [decodeId('usr', id)],
    )
    return rows.length
  }

  async auditOf({ id }: AppOwner): Promise<string[]> {
    const { rows } = await this.#auth.sql.query<{ action: string }>(
      `SELECT action FROM auth.audit_event WHERE subject_id = $1 AND actor_id = $1 AND action LIKE 'totp.%' ORDER BY id`,
      [decodeId('usr', id)],
    )
    return rows.map(({ action }) => action)
  }

  /** What is stored of a user's second factor. */
  async stored({ id }: AppOwner) {
    const { rows } = await this.#auth.sql.query<{ confirmed: boolean | null; codes: number }>(
      `SELECT (SELECT confirmed_at IS NOT NULL FROM auth.totp WHERE user_id = $1) AS confirmed,
              (SELECT count(*)::int FROM auth.recovery_code WHERE user_id = $1) AS codes`,
      [decodeId('usr', id)],
    )
    return rows[0]
  }

  /** Sends something five times, and lets none of them write to the table before all have read what they will. */
  async fiveAtOnce(table: string, { id }: AppOwner, send: () => Promise<string>): Promise<string[]> {
    const rows = `SELECT FROM auth.${table} WHERE user_id = $1 FOR UPDATE`
    await using lock = await holdLock(this.#auth, rows, [decodeId('usr', id)])
    const outcomes = Promise.all(Array.from({ length: 5 }, send))
    await expect.poll(() => waitingForLocks(this.#auth), { timeout: 20_000 }).toBe(5)
    await lock.letGo()
    return (await outcomes).sort()
  }

  /** Runs something while no audit event of this kind can be written. */
  async withoutAuditOf(action: string, run: () => Promise<void>): Promise<void> {
    await this.#auth.sql.query(
      `ALTER TABLE auth.audit_event ADD CONSTRAINT refused CHECK (action <> '${action}') NOT VALID`,
    )
    try {
      await run()
    } finally {
      await this.#auth.sql.query('ALTER TABLE auth.audit_event DROP CONSTRAINT refused')
    }
  }
}
