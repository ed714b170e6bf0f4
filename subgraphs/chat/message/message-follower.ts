import type { EntityManager } from '@mikro-orm/postgresql'
import { BadUserInputError, NotFoundError } from '../../../platform/errors.ts'
import { endIn, type ReadAccess } from '../event-log/access-end.ts'
import type { ConversationHub, HubHead } from '../event-log/conversation-hub.ts'
import type { Batch } from '../event-log/pull-stream.ts'

/** A message that was added; of the newest ones the log's own event. */
export interface AddedMessage {
  /** A UUID. */
  readonly messageId: string
  readonly number: number
}

export interface MessageFollowerOptions {
  /** A new entity manager for each read. */
  fork: () => EntityManager
  /** A UUID. */
  conversationId: string
  access: ReadAccess
  /** The number of the last message that was told. */
  after: number
}

const PAGE_SIZE = 200

/**
 * One who follows a conversation's messages: by their numbers up to where the log stood when it was joined, then by the
 * log. Whoever falls out of the hub's memory, or whose log began anew, joins again; the latter only when the last message
 * that was told is still the one with its number. A restored database numbers anew what it lost.
 */
export class MessageFollower {
  readonly #options: MessageFollowerOptions
  readonly #hub: () => ConversationHub
  #number: number
  /** The last message that was told. */
  #last: AddedMessage | undefined
  #epoch: string | undefined
  #joined: HubHead | undefined
  #mustReadHead = true

  constructor(options: MessageFollowerOptions, hub: () => ConversationHub) {
    this.#options = options
    this.#hub = hub
    this.#number = options.after
  }

  /**
   * @throws NotFoundError when the viewer may not read the conversation any more.
   * @throws BadUserInputError when the log began anew, and perhaps with other messages under the numbers that were told.
   */
  async read(): Promise<Batch<AddedMessage>> {
    const head = this.#joined ?? (await this.#join())
    const events = this.#hub().kept(head)
    if (!events) {
      this.#joined = undefined
      return { items: [], more: true }
    }
    if (await endIn(events, this.#options.access)) throw new NotFoundError('conversation')
    if (this.#number < head.messageCount) return this.#catchUp(head.messageCount)
    this.#joined = { ...head, seq: head.seq + events.length }
    return this.#give(events.filter((event) => event.__typename === 'MessageAdded'))
  }

  async #join(): Promise<HubHead> {
    const head = this.#mustReadHead ? await this.#hub().join() : this.#hub().head
    // A removal before the head would never come up in the log.
    if (!(await this.#options.access.mayRead())) throw new NotFoundError('conversation')
    if (this.#number > head.messageCount) {
      const words = `The conversation has only ${head.messageCount} messages by now, not ${this.#number}`
      throw new BadUserInputError(`${words}; read messages anew.`)
    }
    if (this.#epoch !== undefined && this.#epoch !== head.epoch) await this.#requireSameMessages()
    this.#mustReadHead = false
    this.#epoch = head.epoch
    this.#joined = head
    return head
  }

  /** Who was told nothing yet knows a number alone, and that may stand for any message. */
  async #requireSameMessages(): Promise<void> {
    if (this.#number === 0) return
    const { messageId, number } = this.#last ?? { number: this.#number }
    const [now] = await this.#read(number - 1, number)
    if (now === undefined || now.messageId !== messageId) {
      throw new BadUserInputError('The messages may be numbered anew since the last one; read messages anew.')
    }
  }

  /** Messages up to this number, which was the newest when the follower joined: what came then is in the log. */
  async #catchUp(newest: number): Promise<Batch<AddedMessage>> {
    const found = await this.#read(this.#number, newest)
    // A number whose message is not there any more is not waited for.
    if (found.length === 0) this.#number = newest
    return { ...this.#give(found), more: true }
  }

  /** The next messages after a number, up to another one: out of the hub's memory, or a page of the database. */
  async #read(after: number, upTo: number): Promise<readonly AddedMessage[]> {
    const { fork, conversationId } = this.#options
    const kept = (await this.#hub().messagesAfter(after))?.filter(({ number }) => number <= upTo)
    return kept ?? (await readAdded(fork(), conversationId, after, upTo))
  }

  #give(found: readonly AddedMessage[]): Batch<AddedMessage> {
    const items = found.filter(({ number }) => number > this.#number)
    const last = items.at(-1)
    this.#last = last ?? this.#last
    this.#number = last?.number ?? this.#number
    return { items }
  }
}

/** The next messages after a number, up to another one. */
function readAdded(em: EntityManager, conversationId: string, after: number, upTo: number): Promise<AddedMessage[]> {
  return em.execute<AddedMessage[]>(
    `SELECT id AS "messageId", number FROM chat.message
     WHERE conversation_id = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?`,
    [conversationId, after, upTo, PAGE_SIZE],
  )
}
