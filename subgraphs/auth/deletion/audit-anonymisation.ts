import type { EntityManager } from '@mikro-orm/postgresql'
import { BEFORE_ALL } from '../../../platform/ids.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import { Deletion } from './deletion.entity.ts'

/** A process that ended may have left work, and deletions become settled. */
const LOOK_EVERY_MS = 60_000
/** Events that one transaction looks at, so that no number of them runs into the statement timeout. */
const BATCH = 1_000

type Role = 'actor_id' | 'subject_id'

/**
 * Takes what tells of deleted users out of their audit events. The events stay, with bare ids: those that the user did,
 * or that nobody who is signed in did to them (a failed sign-in, say), lose the address and the browser, and all lose
 * their details.
 *
 * It happens after the deletion, which must not depend on how many events there are; `deletion.anonymise_at` says what
 * is left to do, so it survives a crash. An event is written without a lock on the user and can be committed after the
 * deletion: each account is looked at once more when its deletion is settled.
 */
export class AuditAnonymisation implements AsyncDisposable {
  readonly #em: EntityManager
  readonly #logger: Logger
  readonly #now: () => Date
  readonly #looking: RepeatedWork

  /** @param options.everyMs how often it looks without being woken; a minute when not given. */
  constructor(options: { em: EntityManager; logger: Logger; now: () => Date; everyMs?: number }) {
    this.#em = options.em
    this.#logger = options.logger
    this.#now = options.now
    this.#looking = new RepeatedWork({
      everyMs: options.everyMs ?? LOOK_EVERY_MS,
      work: () => this.#anonymiseAll(),
      onFailure: (error) => options.logger.error({ err: error }, 'could not look for deleted accounts'),
    })
    this.wake()
  }

  /** Stops after the batch that is under way. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#looking[Symbol.asyncDispose]()
  }

  /** Looks for deleted accounts now: call it after the commit of a deletion. */
  wake(): void {
    void this.#looking.wake()
  }

  /** One after the other; one that fails keeps no other one waiting. */
  async #anonymiseAll(): Promise<void> {
    for (let after = 0; !this.#looking.isStopped; ) {
      const due = { position: { $gt: after }, anonymiseAt: { $lte: this.#now() } }
      const [deletion] = await this.#em.fork().find(Deletion, due, { orderBy: { position: 'asc' }, limit: 1 })
      if (!deletion) return
      const { position } = deletion
      try {
        await this.#anonymise(deletion)
      } catch (error) {
        this.#logger.error({ err: error, position }, 'could not anonymise the audit events of a deleted account')
      }
      after = position
    }
  }

  async #anonymise({ position, userId, settledAt }: Deletion): Promise<void> {
    const isSettled = settledAt <= this.#now()
    const isDone = (await this.#stripAll('actor_id', userId)) && (await this.#stripAll('subject_id', userId))
    if (!isDone) return
    await this.#em.fork().nativeUpdate(Deletion, { position }, { anonymiseAt: isSettled ? null : settledAt })
  }

  /** In the order of their ids, so that no event is looked at twice; false when it was stopped before the last. */
  async #stripAll(role: Role, userId: string): Promise<boolean> {
    let last: string | undefined = BEFORE_ALL
    while (last !== undefined && !this.#looking.isStopped) last = await this.#stripBatch(role, userId, last)
    return last === undefined
  }

  /** Returns the id to go on after; undefined when these were the last. */
  #stripBatch(role: Role, userId: string, after: string): Promise<string | undefined> {
    return this.#em.fork().transactional(async (em) => {
      // Two processes that change the same events, each in an order of its own, could wait for one another.
      await em.execute(`SELECT pg_advisory_xact_lock(hashtextextended('parley.auth.anonymisation', 0))`)
      const events = await em.execute<{ id: string }[]>(
        `SELECT id FROM auth.audit_event WHERE ${role} = ? AND id > ? ORDER BY id LIMIT ${BATCH}`,
        [userId, after],
      )
      const ids = events.map(({ id }) => id)
      if (ids.length > 0) await strip(em, userId, ids)
      return ids.length < BATCH ? undefined : ids.at(-1)
    })
  }
}

/** Changes those of the events that tell anything; whose request one was, its actor or else its subject says. */
async function strip(em: EntityManager, userId: string, ids: readonly string[]): Promise<void> {
  const isTheirs = 'coalesce(actor_id, subject_id) = ?'
  await em.execute(
    `UPDATE auth.audit_event SET
       details = NULL,
       ip_address = CASE WHEN ${isTheirs} THEN NULL ELSE ip_address END,
       user_agent = CASE WHEN ${isTheirs} THEN NULL ELSE user_agent END
     WHERE id IN (?)
       AND (details IS NOT NULL OR (${isTheirs} AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)))`,
    [userId, userId, ids, userId],
  )
}
