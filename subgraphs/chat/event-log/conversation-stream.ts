import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import type { ConversationWatch } from './conversation-watch.ts'
import type { EphemeralSource } from './ephemeral-source.ts'
import { decodeEventCursor, encodeEventCursor } from './event-cursor.ts'
import {
  type LoggedEvent,
  type LogHead,
  type MemberChange,
  type MemberRole,
  type MessageChange,
  readEvents,
  readHeads,
  type WholeChange,
} from './event-log.ts'
import { type Batch, PullStream } from './pull-stream.ts'
import { restingBell } from './resting-bell.ts'

/** What a durable event carries beside what it is about. Ids are UUIDs. */
interface Durable<Kind extends string> {
  readonly __typename: Kind
  readonly cursor: string
  readonly conversationId: string
}

/** A durable event about a message. */
export interface MessageEvent extends Durable<MessageChange['kind']> {
  readonly messageId: string
}

/** A durable event about a membership. */
export interface MemberEvent extends Durable<MemberChange['kind']> {
  readonly userId: string
  /** Null for MemberRemoved. */
  readonly role: MemberRole | null
}

/** A durable event about the conversation itself. */
export type ConversationEvent = Durable<WholeChange['kind']>

export type DurableEvent = MessageEvent | MemberEvent | ConversationEvent

/** Where the stream stands, or that it had to begin anew. */
export type StreamMark =
  | { readonly __typename: 'CaughtUp'; readonly cursor: string }
  | { readonly __typename: 'Reset'; readonly cursor: string; readonly reason: string }

/** The last event of who may not see the conversation any more. */
export interface AccessRevoked {
  readonly __typename: 'AccessRevoked'
  readonly cursor: null
  readonly reason: string
}

/** Who follows, and whether they still may. Another feature knows the rule. */
export interface ReadAccess {
  readonly viewerId: string
  /** Asks the database, now. */
  mayRead(): Promise<boolean>
}

export interface FollowOptions<Ephemeral> {
  /** A new entity manager for each read. */
  fork: () => EntityManager
  watch: ConversationWatch
  conversationId: string
  /** The cursor of the last event the client applied; from now on without one. */
  after: string | undefined
  access: ReadAccess
  ephemeral: EphemeralSource<Ephemeral>
  /** How long a silent stream waits before it says CaughtUp. */
  caughtUpAfterMs: () => number
}

const PAGE_SIZE = 200
/** A client further behind than this reads the conversation anew: cheaper for both sides than replaying. */
const MOST_EVENTS_BEHIND = 1_000

/** What flows beside the log is looked at no more often than this; a person does not see the difference. */
const EPHEMERAL_REST_MS = 250

type Item<Ephemeral> = DurableEvent | StreamMark | AccessRevoked | Ephemeral

/**
 * Everything that happens in a conversation: the events after the cursor, then CaughtUp, then live. A cursor that
 * cannot be honoured yields Reset and live from there, never a part of what was missed. It ends with ConversationDeleted,
 * with AccessRevoked when the viewer was removed and may not read any more, and with NotFoundError when the conversation
 * is gone altogether or could not be read from the beginning.
 */
export function followConversation<Ephemeral>(options: FollowOptions<Ephemeral>): PullStream<Item<Ephemeral>> {
  const follower = new ConversationFollower(options)
  const stream = new PullStream<Item<Ephemeral>>({
    read: () => follower.read(),
    close: () => {
      unwatch()
      closeEphemeral()
      bell.stop()
    },
    idle: { afterMs: options.caughtUpAfterMs, item: () => follower.caughtUp() },
  })
  // Watching begins before the first read, so that nothing can slip in between.
  const unwatch = options.watch.watch(options.conversationId, {
    ring: () => {
      follower.logRang()
      stream.ring()
    },
    isBehind: (head) => follower.isBehind(head),
  })
  const bell = restingBell(EPHEMERAL_REST_MS, () => stream.ring())
  const closeEphemeral = options.ephemeral.open(bell.ring)
  return stream
}

class ConversationFollower<Ephemeral> {
  readonly #options: FollowOptions<Ephemeral>
  #epoch: string | undefined
  #seq = 0
  #hasCaughtUp = false
  #mustReadLog = true

  constructor(options: FollowOptions<Ephemeral>) {
    this.#options = options
  }

  /** There may be something new in the log. */
  logRang(): void {
    this.#mustReadLog = true
  }

  /** One page of the log when there may be one; beyond its end CaughtUp, once, and what flows beside the log. */
  async read(): Promise<Batch<Item<Ephemeral>>> {
    if (!this.#mustReadLog) return { items: await this.#options.ephemeral.drain() }
    this.#mustReadLog = false
    const items: Item<Ephemeral>[] = []
    try {
      return await this.#readInto(items)
    } catch (error) {
      this.#mustReadLog = true
      // What was read counts as delivered from here on, so it must be; the next read meets the error again.
      if (items.length > 0) return { items, more: true }
      throw error
    }
  }

  async #readInto(items: Item<Ephemeral>[]): Promise<Batch<Item<Ephemeral>>> {
    if (this.#epoch === undefined) items.push(...(await this.#begin()))
    const page = await this.#readPage()
    const last = await this.#endIn(page)
    if (last) return { items: [last], ended: true }
    for (const event of page) {
      items.push(...(await this.#options.ephemeral.before(event)), this.#toItem(event))
      this.#seq = event.seq
    }
    if (page.length === PAGE_SIZE) {
      this.#mustReadLog = true
      return { items, more: true }
    }
    if (!this.#hasCaughtUp) items.push(this.caughtUp())
    this.#hasCaughtUp = true
    items.push(...(await this.#options.ephemeral.drain()))
    return { items }
  }

  /**
   * What the stream ends with when the viewer lost the conversation in this page. The page's other events are dropped:
   * their content cannot be loaded any more, and a cursor beyond them would hide them from who is added again.
   */
  async #endIn(page: readonly LoggedEvent[]): Promise<DurableEvent | AccessRevoked | undefined> {
    const deletion = page.find(({ kind }) => kind === 'ConversationDeleted')
    if (deletion) return this.#toItem(deletion)
    const { viewerId, mayRead } = this.#options.access
    const isRemoved = page.some((event) => event.kind === 'MemberRemoved' && event.userId === viewerId)
    // They may have been added again since, or the conversation is open to everybody.
    if (!isRemoved || (await mayRead())) return undefined
    return { __typename: 'AccessRevoked', cursor: null, reason: 'You are no longer a member of this conversation.' }
  }

  caughtUp(): StreamMark {
    return { __typename: 'CaughtUp', cursor: this.#cursorAt(this.#seq) }
  }

  isBehind(head: LogHead): boolean {
    return head.seq > this.#seq || this.#options.ephemeral.isLive()
  }

  /** Finds where to begin, and says Reset when that is not where the client wanted to. */
  async #begin(): Promise<StreamMark[]> {
    const { fork, conversationId, after, access } = this.#options
    const head = (await readHeads(fork(), [conversationId])).get(conversationId)
    // A removal before the head would never come up in the log.
    if (!head || !(await access.mayRead())) throw new NotFoundError('conversation')
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

  #toItem({ kind: __typename, seq, ...about }: LoggedEvent): DurableEvent {
    const { conversationId } = this.#options
    return { __typename, cursor: this.#cursorAt(seq), conversationId, ...about } as DurableEvent
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
