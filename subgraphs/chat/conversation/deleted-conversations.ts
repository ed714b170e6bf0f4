import type { EntityManager } from '@mikro-orm/postgresql'
import { BEFORE_ALL } from '../../../platform/ids.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import { isOurTurn } from './background-work.ts'
import { type Replies, removeConversation } from './conversation-removal.ts'

/** When deleted conversations are removed, in milliseconds. */
export interface RemovalTimes {
  /** How often they are looked for. */
  readonly everyMs: number
  /** How long after its deletion a conversation's content stays, for what was under way. Measured by the database. */
  readonly delayMs: number
}

const TIMES: RemovalTimes = { everyMs: 15_000, delayMs: 60_000 }

/**
 * Removes what was said in deleted conversations. Which ones those are stands in the database, so the next process goes
 * on where one was interrupted; one works at a time, and the others skip.
 */
export class DeletedConversations implements AsyncDisposable {
  readonly #fork: () => EntityManager
  readonly #replies: Replies
  readonly #logger: Logger
  readonly #times: RemovalTimes
  readonly #stopping = new AbortController()
  readonly #looking: RepeatedWork

  constructor(options: {
    /** A new entity manager for each step. */
    fork: () => EntityManager
    replies: Replies
    logger: Logger
    times?: RemovalTimes | undefined
  }) {
    this.#fork = options.fork
    this.#replies = options.replies
    this.#logger = options.logger
    this.#times = options.times ?? TIMES
    this.#looking = new RepeatedWork({
      everyMs: this.#times.everyMs,
      work: () => this.#removeAll(),
      onFailure: (error) => this.#logger.error({ err: error }, 'could not look for deleted conversations'),
    })
    void this.#looking.wake()
  }

  /** Stops after the batch that is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#looking[Symbol.asyncDispose]()
  }

  async #removeAll(): Promise<void> {
    for (let last: string | undefined = BEFORE_ALL; last !== undefined && !this.#looking.isStopped; ) {
      last = await this.#removeNext(last)
    }
  }

  /** Returns which one it was; undefined when there is none, or another process is at work. */
  #removeNext(after: string): Promise<string | undefined> {
    return this.#fork().transactional(async (em) => {
      if (!(await isOurTurn(em, 'removals'))) return undefined
      // In a transaction of its own: the one that rests must not lock so much as a table.
      const [next] = await this.#fork().execute<{ id: string }[]>(
        `SELECT id FROM chat.conversation
         WHERE deleted_at <= now() - ? * interval '1 millisecond' AND id > ? ORDER BY id LIMIT 1`,
        [this.#times.delayMs, after],
      )
      if (next) await this.#remove(next.id)
      return next?.id
    })
  }

  /** One that fails keeps no other one waiting. */
  async #remove(conversationId: string): Promise<void> {
    try {
      const { signal } = this.#stopping
      await removeConversation(this.#fork, conversationId, { replies: this.#replies, signal })
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      this.#logger.error({ err: error, conversationId }, 'could not remove a deleted conversation')
    }
  }
}
