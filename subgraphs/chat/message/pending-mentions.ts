import type { EntityManager } from '@mikro-orm/postgresql'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import type { EventBus } from '../../../platform/event-bus.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import { lockConversation } from '../conversation/conversation-change.ts'
import type { People } from '../conversation/people.ts'
import { doorbellOf } from '../event-log/conversation-watch.ts'
import { appendEvents } from '../event-log/event-log.ts'
import { peopleNamedIn } from './mentioned-people.ts'
import type { MessageKey } from './message-key.ts'
import { setMentions } from './message-record.ts'

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
  readonly #bus: EventBus
  readonly #work: RepeatedWork

  constructor(options: {
    /** A new entity manager for each step. */
    fork: () => EntityManager
    people: People
    bus: EventBus
    logger: Logger
    everyMs?: number
  }) {
    this.#fork = options.fork
    this.#people = options.people
    this.#bus = options.bus
    this.#work = new RepeatedWork({
      everyMs: options.everyMs ?? LOOK_EVERY_MS,
      work: () => this.#resolveAll(),
      onFailure: (error) => {
        // Auth is away still; who operates it knows.
        const level = error instanceof SubgraphUnavailableError ? 'debug' : 'warn'
        options.logger[level]({ err: error }, 'could not find out whom messages mention')
      },
    })
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
        await this.#resolve(message)
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

  async #resolve(message: PendingMessage): Promise<void> {
    const userIds = await peopleNamedIn(this.#people, message.body)
    const isTold = await this.#fork().transactional((em) => record(em, message, userIds))
    if (isTold) this.#bus.publish(doorbellOf(message.conversationId), null)
  }
}

/** Records whom a message mentions, unless another process has, or it was changed or deleted meanwhile. */
async function record(em: EntityManager, message: PendingMessage, userIds: string[]): Promise<boolean> {
  const { conversationId, number, id, body } = message
  if (!(await lockConversation(em, conversationId))) return false
  const settled = await em.execute(
    `UPDATE chat.message SET mentions_pending = false
     WHERE conversation_id = ? AND number = ? AND mentions_pending AND body = ? RETURNING number`,
    [conversationId, number, body],
  )
  if (settled.length === 0 || (await setMentions(em, message, userIds)) === 0) return false
  await appendEvents(em, conversationId, [{ kind: 'MessageEdited', messageId: id }])
  return true
}
