import type { EntityManager } from '@mikro-orm/postgresql'
import { isDatabaseAway } from '../../../platform/database-away.ts'
import { NotFoundError, SubgraphUnavailableError } from '../../../platform/errors.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import type { ChangeUnderLock, ConversationChanges } from '../conversation/conversation-change.ts'
import type { People } from '../conversation/people.ts'
import { mentionedNames } from './mention-names.ts'
import { peopleNamedIn } from './mentioned-people.ts'
import type { MessageKey } from './message-key.ts'
import { replaceMentions } from './store-mentions.ts'

const LOOK_EVERY_MS = 5_000
const BATCH = 100

interface PendingMessage extends MessageKey {
  readonly id: string
  readonly body: string
}

/**
 * Finds out whom those messages mention that were stored while auth was away. Several processes may do so at once: what
 * one has done the others leave as it is.
 */
export class PendingMentions implements AsyncDisposable {
  readonly #fork: () => EntityManager
  readonly #people: People
  readonly #changes: ConversationChanges
  readonly #logger: Logger
  readonly #work: RepeatedWork

  constructor(options: {
    /** A new entity manager for each step. */
    fork: () => EntityManager
    people: People
    changes: ConversationChanges
    logger: Logger
    everyMs?: number
  }) {
    this.#fork = options.fork
    this.#people = options.people
    this.#changes = options.changes
    this.#logger = options.logger
    this.#work = new RepeatedWork({
      everyMs: options.everyMs ?? LOOK_EVERY_MS,
      work: () => this.#resolveAll(),
      onFailure: (error) => {
        // Auth is away still; who operates it knows.
        const level = error instanceof SubgraphUnavailableError ? 'debug' : 'warn'
        options.logger[level]({ err: error }, 'could not find out whom messages mention')
      },
    })
    void this.#work.wake()
  }

  /** Looks at once; resolves when it has. */
  wake(): Promise<void> {
    return this.#work.wake()
  }

  /** Waits for the look under way. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#work[Symbol.asyncDispose]()
  }

  async #resolveAll(): Promise<void> {
    let last: MessageKey | undefined
    do {
      const pending = await this.#readPending(last)
      for (const message of pending) {
        if (this.#work.isStopped) return
        await this.#tryToResolve(message)
      }
      last = pending.length === BATCH ? pending.at(-1) : undefined
    } while (last)
  }

  #readPending(after: MessageKey | undefined): Promise<PendingMessage[]> {
    return this.#fork().execute<PendingMessage[]>(
      `SELECT conversation_id AS "conversationId", number, message.id, body
       FROM chat.message JOIN chat.conversation ON conversation.id = conversation_id
       WHERE mentions_pending AND conversation.deleted_at IS NULL
         AND (?::uuid IS NULL OR (conversation_id, number) > (?::uuid, ?::integer))
       ORDER BY conversation_id, number LIMIT ${BATCH}`,
      [after?.conversationId ?? null, after?.conversationId ?? null, after?.number ?? null],
    )
  }

  /** A message that cannot be settled keeps none behind it waiting; while auth or the database is away none can be. */
  async #tryToResolve(message: PendingMessage): Promise<void> {
    try {
      await this.#resolve(message)
    } catch (error) {
      if (error instanceof SubgraphUnavailableError || isDatabaseAway(error)) throw error
      this.#logger.warn({ err: error, message: message.id }, 'could not find out whom a message mentions')
    }
  }

  async #resolve(message: PendingMessage): Promise<void> {
    const userIds = await peopleNamedIn(this.#people, mentionedNames(message.body))
    try {
      await this.#changes.apply(this.#fork(), message.conversationId, (change) => settle(change, message, userIds))
    } catch (error) {
      // Deleted meanwhile.
      if (!(error instanceof NotFoundError)) throw error
    }
  }
}

/** Records whom a message mentions, unless another process has, or it was changed or deleted meanwhile. */
async function settle({ em, record }: ChangeUnderLock, message: PendingMessage, userIds: string[]): Promise<void> {
  const { conversationId, number, id, body } = message
  const settled = await em.execute(
    `UPDATE chat.message SET mentions_pending = false
     WHERE conversation_id = ? AND number = ? AND mentions_pending AND body = ? RETURNING number`,
    [conversationId, number, body],
  )
  if (settled.length === 0 || (await replaceMentions(em, message, userIds)) === 0) return
  record({ kind: 'MessageEdited', messageId: id })
}
