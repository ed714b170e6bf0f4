import type { EntityManager } from '@mikro-orm/postgresql'
import { type AccountDeletion, type DeletionPage, USER_DELETED } from '../../../platform/deletions.ts'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import { isOurTurn } from '../conversation/background-work.ts'
import type { ConversationChanges } from '../conversation/conversation-change.ts'
import type { Replies } from '../conversation/conversation-removal.ts'
import { DeletionProgress } from './deletion-progress.entity.ts'
import { Departure } from './departure.ts'

/** The bus may lose a ring. */
const READ_EVERY_MS = 1_000

/**
 * Applies auth's list of deleted accounts: read once a second, and at once when the bus rings. The position up to which
 * it was applied rises in the transaction that has seen the last step done, so each account is applied once, whoever dies
 * in between and however many processes there are: one works at a time, and the others skip.
 */
export class Departures implements AsyncDisposable {
  readonly #fork: () => EntityManager
  readonly #changes: ConversationChanges
  readonly #replies: Replies
  readonly #readPage: (after: number) => Promise<DeletionPage>
  readonly #logger: Logger
  readonly #now: () => Date
  readonly #stopping = new AbortController()
  readonly #reading: RepeatedWork
  readonly #unsubscribe: () => void
  #isStale = false

  constructor(options: {
    /** A new entity manager for each step. */
    fork: () => EntityManager
    changes: ConversationChanges
    replies: Replies
    readPage: (after: number) => Promise<DeletionPage>
    bus: EventBus
    logger: Logger
    now?: (() => Date) | undefined
    everyMs?: number
  }) {
    this.#fork = options.fork
    this.#changes = options.changes
    this.#replies = options.replies
    this.#readPage = options.readPage
    this.#logger = options.logger
    this.#now = options.now ?? (() => new Date())
    this.#reading = new RepeatedWork({
      everyMs: options.everyMs ?? READ_EVERY_MS,
      work: () => this.#readOn(),
      onFailure: (error) => this.#complain(error),
    })
    this.#unsubscribe = options.bus.subscribe(USER_DELETED, () => void this.#reading.wake())
    void this.#reading.wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    this.#stopping.abort()
    await this.#reading[Symbol.asyncDispose]()
  }

  #complain(error: unknown): void {
    if (this.#stopping.signal.aborted) return
    if (!this.#isStale) this.#logger.warn({ err: error }, 'could not apply deleted accounts; trying again')
    this.#isStale = true
  }

  /**
   * The first look is at once, whatever the clocks say. What the user asked for just before may still be under way, and
   * a process that cannot reach auth accepts their token until it expires: a second look, when the deletion is settled,
   * finds what came of it.
   */
  async #readOn(): Promise<void> {
    const first = await this.#follow('FIRST', await this.#positionOf('FIRST'))
    const second = await this.#positionOf('SECOND')
    if (second < first) await this.#follow('SECOND', second)
    if (this.#isStale) this.#logger.info('deleted accounts are applied again')
    this.#isStale = false
  }

  async #positionOf(look: DeletionProgress['look']): Promise<number> {
    const { position } = await this.#fork().findOneOrFail(DeletionProgress, look)
    return position
  }

  /** Applies what lies after a position, until it is too early for the look; returns the position reached. */
  async #follow(look: DeletionProgress['look'], after: number): Promise<number> {
    let position = after
    for (let hasMore = true; hasMore; ) {
      const page = await this.#readPage(position)
      for (const deletion of page.deletions) {
        const isTooEarly = look === 'SECOND' && this.#now().getTime() < Date.parse(deletion.settledAt)
        if (isTooEarly || !(await this.#apply(look, deletion))) return position
        position = deletion.position
      }
      hasMore = page.hasMore
    }
    return position
  }

  /** Returns false when another process is at work. */
  #apply(look: DeletionProgress['look'], deletion: AccountDeletion): Promise<boolean> {
    return this.#fork().transactional(async (em) => {
      if (!(await isOurTurn(em, 'deletions'))) return false
      const { position } = await em.findOneOrFail(DeletionProgress, look)
      if (position >= deletion.position) return true
      await new Departure({
        fork: this.#fork,
        changes: this.#changes,
        replies: this.#replies,
        userId: deletion.userId,
        signal: this.#stopping.signal,
      }).complete()
      await em.nativeUpdate(DeletionProgress, { look }, { position: deletion.position })
      return true
    })
  }
}
