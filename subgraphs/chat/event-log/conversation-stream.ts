import type { EntityManager } from '@mikro-orm/postgresql'
import type { ConversationWatch } from './conversation-watch.ts'
import { decodeEventCursor, encodeEventCursor } from './event-cursor.ts'
import { type LoggedEvent, type LoggedEventKind, type LogHead, readEvents, readHeads } from './event-log.ts'
import { PullStream } from './pull-stream.ts'

/** A durable event about a message. */
export interface MessageEvent {
  readonly __typename: LoggedEventKind
  readonly cursor: string
  readonly messageId: string
}

/** Where the stream stands, or that it had to begin anew. */
export type StreamMark =
  | { readonly __typename: 'CaughtUp'; readonly cursor: string }
  | { readonly __typename: 'Reset'; readonly cursor: string; readonly reason: string }

/** What is not in the log, but flows beside it. Another feature provides it; the log does not know what it is. */
export interface EphemeralSource<Item> {
  /** Called once, when it is known where the stream begins in the log and nothing of it has been read yet. */
  join(): Promise<void>
  /** What must be said before this durable event. */
  before(event: LoggedEvent): Promise<Item[]>
  /** What has come since the last call. */
  drain(): Promise<Item[]>
  /** Whether something may come without the log moving. */
  isLive(): boolean
}

export interface FollowOptions<Ephemeral> {
  /** A new entity manager for each read. */
  fork: () => EntityManager
  watch: ConversationWatch
  conversationId: string
  /** The cursor of the last event the client applied; from now on without one. */
  after: string | undefined
  ephemeral: EphemeralSource<Ephemeral>
  /** How long a silent stream waits before it says CaughtUp. */
  caughtUpAfterMs: () => number
}

const PAGE_SIZE = 200
/** A client further behind than this reads the conversation anew: cheaper for both sides than replaying. */
const MOST_EVENTS_BEHIND = 1_000

/**
 * Everything that happens in a conversation: the events after the cursor, then CaughtUp, then live. A cursor that
 * cannot be honoured yields Reset and live from there, never a part of what was missed.
 */
export function followConversation<Ephemeral>(
  options: FollowOptions<Ephemeral>,
): PullStream<MessageEvent | StreamMark | Ephemeral> {
  const follower = new ConversationFollower(options)
  const stream = new PullStream<MessageEvent | StreamMark | Ephemeral>({
    read: () => follower.read(),
    close: () => unwatch(),
    idle: { afterMs: options.caughtUpAfterMs, item: () => follower.caughtUp() },
  })
  // Watching begins before the first read, so that nothing can slip in between.
  const unwatch = options.watch.watch(options.conversationId, {
    ring: () => stream.ring(),
    isBehind: (head) => follower.isBehind(head),
  })
  return stream
}

class ConversationFollower<Ephemeral> {
  readonly #options: FollowOptions<Ephemeral>
  #epoch: string | undefined
  #seq = 0
  #hasCaughtUp = false

  constructor(options: FollowOptions<Ephemeral>) {
    this.#options = options
  }

  /** One page of the log; beyond its end CaughtUp, once, and what flows beside the log. */
  async read() {
    const items: (MessageEvent | StreamMark | Ephemeral)[] = []
    try {
      return { items, more: await this.#readInto(items) }
    } catch (error) {
      // What was read counts as delivered from here on, so it must be; the next read meets the error again.
      if (items.length > 0) return { items, more: true }
      throw error
    }
  }

  async #readInto(items: (MessageEvent | StreamMark | Ephemeral)[]): Promise<boolean> {
    if (this.#epoch === undefined) items.push(...(await this.#begin()))
    const page = await this.#readPage()
    for (const event of page) {
      items.push(...(await this.#options.ephemeral.before(event)), this.#toItem(event))
      this.#seq = event.seq
    }
    if (page.length === PAGE_SIZE) return true
    if (!this.#hasCaughtUp) items.push(this.caughtUp())
    this.#hasCaughtUp = true
    items.push(...(await this.#options.ephemeral.drain()))
    return false
  }

  caughtUp(): StreamMark {
    return { __typename: 'CaughtUp', cursor: this.#cursorAt(this.#seq) }
  }

  isBehind(head: LogHead): boolean {
    return head.seq > this.#seq || this.#options.ephemeral.isLive()
  }

  /** Finds where to begin, and says Reset when that is not where the client wanted to. */
  async #begin(): Promise<StreamMark[]> {
    const { fork, conversationId, after } = this.#options
    const head = (await readHeads(fork(), [conversationId])).get(conversationId)
    if (!head) throw new Error('A conversation that was just read has no head.')
    await this.#options.ephemeral.join()
    this.#epoch = head.epoch
    this.#seq = head.seq
    if (after === undefined) return []
    const start = honour(after, head)
    if (typeof start === 'number') {
      this.#seq = start
      return []
    }
    this.#hasCaughtUp = true
    return [{ __typename: 'Reset', cursor: this.#cursorAt(head.seq), reason: start.reason }]
  }

  #readPage(): Promise<LoggedEvent[]> {
    return readEvents(this.#options.fork(), this.#options.conversationId, this.#seq, PAGE_SIZE)
  }

  #toItem(event: LoggedEvent): MessageEvent {
    return { __typename: event.kind, cursor: this.#cursorAt(event.seq), messageId: event.messageId }
  }

  #cursorAt(seq: number): string {
    return encodeEventCursor({ epoch: this.#epoch ?? '', seq })
  }
}

/** The sequence number to begin after, or why that cannot be. */
function honour(cursor: string, head: LogHead): number | { reason: string } {
  const position = decodeEventCursor(cursor)
  if (!position) return { reason: 'The cursor is not one of this server.' }
  if (position.epoch !== head.epoch) return { reason: 'The cursor belongs to another event log.' }
  if (position.seq > head.seq) return { reason: 'The cursor lies beyond the end of the event log.' }
  if (head.seq - position.seq > MOST_EVENTS_BEHIND) {
    return { reason: `The cursor is more than ${MOST_EVENTS_BEHIND} events behind.` }
  }
  return position.seq
}
