import type { EntityManager } from '@mikro-orm/postgresql'
import type { ConversationWatch } from '../event-log/conversation-watch.ts'
import { isBeside } from '../event-log/doorbell.ts'
import { type Batch, PullStream } from '../event-log/pull-stream.ts'
import { restingBell } from '../event-log/resting-bell.ts'
import { type InboxEntry, readInbox, readInboxEntries } from './inbox-entry.ts'
import type { InboxWatch } from './inbox-watch.ts'

/** What happened to a conversation of the viewer's list. */
export interface InboxItem {
  readonly __typename: 'InboxConversationChanged' | 'InboxConversationRemoved'
  /** A UUID. */
  readonly conversationId: string
}

export interface InboxOptions {
  /** A new entity manager for each read. */
  fork: () => EntityManager
  watch: ConversationWatch
  inboxes: InboxWatch
  /** A UUID. */
  userId: string
  /** Whether the client had the inbox before, and may have missed something since. */
  resumed?: boolean
  /** Rings that come sooner after the last read than this are answered together. */
  restMs?: number
}

/** A reply that grows rings twenty times a second without anything to tell here; more often than this nobody looks. */
const REST_MS = 250

/** Above so many conversations that rang the whole list is the cheaper one to read. */
const MOST_RUNG = 500

/** What a client that was away is told again: about what people look at, and not too much for one socket. */
const MOST_TOLD_AGAIN = 200

/**
 * What changes in somebody's list of conversations from now on; of several changes of one conversation the latest. One
 * that is resumed begins with how the newest 200 conversations are: nobody knows which of them the client has seen so.
 */
export function followInbox(options: InboxOptions): PullStream<InboxItem> {
  const follower = new InboxFollower(options, () => wake.ring())
  const stream = new PullStream<InboxItem>({
    read: () => follower.read(),
    close: () => {
      unwatch()
      wake.stop()
      follower.stop()
    },
  })
  const wake = restingBell(options.restMs ?? REST_MS, () => stream.ring())
  // Watching begins before the first read, so that nothing can slip in between.
  const unwatch = options.inboxes.watch(options.userId, {
    ring: () => follower.listRang(),
    isBehind: (version) => follower.isBehind(version),
  })
  return stream
}

/** A conversation as it was told last. */
interface Told {
  entry: InboxEntry
  readonly unwatch: () => void
}

class InboxFollower {
  readonly #options: InboxOptions
  readonly #wake: () => void
  readonly #told = new Map<string, Told>()
  #rung = new Set<string>()
  #mustReadList = true
  #hasBegun = false
  #toTellAgain: number
  #version = 0
  #isStopped = false

  constructor(options: InboxOptions, wake: () => void) {
    this.#options = options
    this.#wake = wake
    this.#toTellAgain = options.resumed ? MOST_TOLD_AGAIN : 0
  }

  listRang(): void {
    this.#mustReadList = true
    this.#wake()
  }

  isBehind(version: number): boolean {
    return version > this.#version
  }

  async read(): Promise<Batch<InboxItem>> {
    const items = this.#mustReadList || this.#rung.size > MOST_RUNG ? await this.#readList() : await this.#readRung()
    this.#hasBegun = true
    return { items, more: this.#mustReadList }
  }

  /** Watches nothing any more, also when a read is still under way. */
  stop(): void {
    this.#isStopped = true
    for (const { unwatch } of this.#told.values()) unwatch()
    this.#told.clear()
  }

  async #readList(): Promise<InboxItem[]> {
    const { fork, userId } = this.#options
    this.#mustReadList = false
    const rung = this.#rung
    this.#rung = new Set()
    try {
      const { version, entries } = await readInbox(fork(), userId)
      this.#version = version
      return this.#compare(this.#told.keys(), entries)
    } catch (error) {
      this.#mustReadList = true
      for (const id of rung) this.#rung.add(id)
      throw error
    }
  }

  async #readRung(): Promise<InboxItem[]> {
    const { fork, userId } = this.#options
    const rung = [...this.#rung].filter((id) => this.#told.has(id))
    this.#rung.clear()
    if (rung.length === 0) return []
    try {
      return this.#compare(rung, await readInboxEntries(fork(), userId, rung))
    } catch (error) {
      for (const id of rung) this.#rung.add(id)
      throw error
    }
  }

  /** What there is to tell, when of the conversations that were asked for these are in the list. */
  #compare(asked: Iterable<string>, entries: readonly InboxEntry[]): InboxItem[] {
    if (this.#isStopped) return []
    const missing = new Set(asked)
    const items: InboxItem[] = []
    for (const entry of entries) {
      missing.delete(entry.conversationId)
      if (this.#take(entry)) {
        items.push({ __typename: 'InboxConversationChanged', conversationId: entry.conversationId })
      }
    }
    for (const conversationId of missing) {
      this.#told.get(conversationId)?.unwatch()
      this.#told.delete(conversationId)
      items.push({ __typename: 'InboxConversationRemoved', conversationId })
    }
    return items
  }

  /** Keeps how the conversation stands now; true when that is to be told. */
  #take(entry: InboxEntry): boolean {
    const told = this.#told.get(entry.conversationId)
    if (!told) {
      this.#told.set(entry.conversationId, { entry, unwatch: this.#watch(entry.conversationId) })
      return this.#hasBegun || this.#toTellAgain-- > 0
    }
    const isNews = entry.seq !== told.entry.seq || entry.state !== told.entry.state
    told.entry = entry
    return isNews
  }

  #watch(conversationId: string): () => void {
    // What happened since it was read rang for nobody.
    this.#mustReadList = true
    return this.#options.watch.watch(conversationId, {
      ring: (payload) => {
        // A reply grew, which is not in the list.
        if (isBeside(payload)) return
        this.#rung.add(conversationId)
        this.#wake()
      },
      isBehind: (head) => head.seq > (this.#told.get(conversationId)?.entry.seq ?? head.seq),
    })
  }
}
