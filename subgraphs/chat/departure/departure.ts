import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { BEFORE_ALL } from '../../../platform/ids.ts'
import type { ConversationChanges } from '../conversation/conversation-change.ts'
import type { Replies } from '../conversation/conversation-removal.ts'
import { deleteDeserted, takeAccount, takeMembership, takeTraces } from './traces.ts'

/** Where a conversation may know somebody from. */
const TRACES = [
  ['member', 'user_id'],
  ['message', 'author_id'],
  ['mention', 'user_id'],
  ['reaction', 'user_id'],
] as const

const NEXT_CONVERSATION = TRACES.map(
  ([table, column]) => `(
    SELECT conversation_id AS id FROM chat.${table} JOIN chat.conversation ON conversation.id = conversation_id
    WHERE ${column} = ? AND conversation_id > ? AND conversation.deleted_at IS NULL
    ORDER BY conversation_id LIMIT 1)`,
).join(' UNION ALL ')

/** How a step ended: there is more to take, nothing is left of the person, or nobody is left but them. */
type Step = 'MORE' | 'LEFT' | 'DELETED'

/**
 * The leaving of a user whose account was deleted: their messages stay without an author; their memberships, mentions and
 * reactions go, and so do their account with the assistant and every conversation that nobody can read any more. No
 * transaction spans two conversations; each step may be repeated, so that whoever is interrupted begins again. What was
 * deleted before is removed with all that is in it anyway.
 */
export class Departure {
  readonly #fork: () => EntityManager
  readonly #changes: ConversationChanges
  readonly #replies: Replies
  readonly #userId: string
  readonly #signal: AbortSignal

  /**
   * @param options.userId a UUID.
   * @param options.signal stops between two steps.
   */
  constructor(options: {
    fork: () => EntityManager
    changes: ConversationChanges
    replies: Replies
    userId: string
    signal: AbortSignal
  }) {
    this.#fork = options.fork
    this.#changes = options.changes
    this.#replies = options.replies
    this.#userId = options.userId
    this.#signal = options.signal
  }

  /**
   * Leaves every conversation, until there is none to be found.
   *
   * @throws the signal's reason when it is aborted in between.
   */
  async complete(): Promise<void> {
    for (let found = true; found; ) {
      found = false
      for await (const conversationId of this.#conversations()) {
        found = true
        await this.#leave(conversationId)
      }
    }
    await takeAccount(this.#fork, this.#userId, this.#signal)
    await this.#fork().execute('DELETE FROM chat.inbox_head WHERE user_id = ?', [this.#userId])
    await this.#fork().execute('DELETE FROM chat.last_seen WHERE user_id = ?', [this.#userId])
  }

  /** In the order of their ids: what was left is not looked at again. */
  async *#conversations(): AsyncGenerator<string> {
    for (let after = BEFORE_ALL; ; ) {
      this.#signal.throwIfAborted()
      const [next] = await this.#fork().execute<{ id: string }[]>(
        `${NEXT_CONVERSATION} ORDER BY id LIMIT 1`,
        TRACES.flatMap(() => [this.#userId, after]),
      )
      if (!next) return
      yield next.id
      after = next.id
    }
  }

  async #leave(conversationId: string): Promise<void> {
    try {
      let step: Step
      do {
        this.#signal.throwIfAborted()
        step = await this.#takeStep(conversationId)
      } while (step === 'MORE')
      if (step === 'DELETED') await this.#replies.stop(this.#fork, conversationId)
    } catch (error) {
      // Deleted meanwhile.
      if (!(error instanceof NotFoundError)) throw error
    }
  }

  /** One transaction's worth of it. */
  #takeStep(conversationId: string): Promise<Step> {
    return this.#changes.apply(this.#fork(), conversationId, async (change) => {
      if (await deleteDeserted(change, this.#userId)) return 'DELETED'
      if (!(await takeTraces(change, this.#userId))) return 'MORE'
      await takeMembership(change, this.#userId)
      return 'LEFT'
    })
  }
}
