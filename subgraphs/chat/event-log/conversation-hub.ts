import { coalesced } from '../../../platform/coalesced.ts'
import { NotFoundError } from '../../../platform/errors.ts'
import { isBeside, type Ring, readRing } from './doorbell.ts'
import { type DurableEvent, type MessageAdded, toDurableEvent } from './durable-event.ts'
import { type EarlyEvent, EarlyEvents } from './early-events.ts'
import type { LogHead, LogPage } from './event-log.ts'
import { type BackfillReason, EventLogMetrics } from './event-log-metrics.ts'
import { EventRing, RING_SIZE } from './event-ring.ts'
import { OlderEvents } from './older-events.ts'
import { restingBell } from './resting-bell.ts'
import type { Watcher } from './swept-watch.ts'

/** Where a conversation's log and its messages stand, as a hub knows it. */
export interface HubHead extends LogHead {
  /** Another number: what was told before this head may not be in the log any more. */
  readonly run: number
}

/** A place in the log: after this event of this run. */
export type Place = Pick<HubHead, 'run' | 'epoch' | 'seq'>

/** Who follows a conversation. It keeps its own place; the hub keeps nothing for it. */
export interface HubFollower {
  /** The log has moved, or it is another one. */
  ring(): void
  /** Something beside the log may have moved; at once, and not again within 20 ms. */
  ringBeside?(): void
  /** Whether something may come beside the log without a ring. */
  isLive?(): boolean
}

/** The events of a conversation after `seq`, at most `limit`, with the head; null when the conversation is gone. */
export type ReadLog = (conversationId: string, seq: number, limit: number) => Promise<LogPage | null>

const PAGE_SIZE = 200
/** A growing reply is looked at no more often than this; its writer stores what it has every 30 to 50 ms. */
const BESIDE_REST_MS = 20
/** Whatever is new must be read. */
const ANY = Number.POSITIVE_INFINITY

/**
 * What all who follow one conversation in this process share: one watch, the newest events, each made once, and every
 * read of the log. An event comes out of the ring itself when it is the next one; when anything else rings, one read at a
 * time makes up for it. It must be watched before anybody joins.
 */
export class ConversationHub implements Watcher<LogHead> {
  readonly #conversationId: string
  readonly #readLog: ReadLog
  readonly #onFailure: (error: unknown) => void
  readonly #metrics: EventLogMetrics
  readonly #followers = new Set<HubFollower>()
  readonly #early = new EarlyEvents()
  readonly #look = coalesced(() => this.#readOn())
  readonly #onResize: () => void
  /** All of them look at the same time, and so together. */
  readonly #beside = restingBell(BESIDE_REST_MS, () => {
    for (const follower of this.#followers) follower.ringBeside?.()
  })
  #head: HubHead | undefined
  #ring = new EventRing(0)
  #older: OlderEvents | undefined
  #run = 0
  #isReading = false
  /** Somebody rang for the events up to this one since the read under way began. */
  #wanted = 0
  /** Why the next read is asked for; who asks last says it. */
  #reason: BackfillReason | undefined

  /**
   * @param options.onFailure is told why a read failed that a ring asked for; a sweep asks again.
   * @param options.onResize is told when it has come to keep another number of events.
   */
  constructor(options: {
    conversationId: string
    readLog: ReadLog
    onFailure: (error: unknown) => void
    onResize?: () => void
    metrics?: EventLogMetrics
  }) {
    this.#conversationId = options.conversationId
    this.#readLog = options.readLog
    this.#onFailure = options.onFailure
    this.#metrics = options.metrics ?? new EventLogMetrics()
    this.#onResize = options.onResize ?? (() => undefined)
  }

  /** How many follow. */
  get size(): number {
    return this.#followers.size
  }

  /** How many events it keeps in memory. */
  get ringSize(): number {
    return this.#ring.size
  }

  /** Gives up the events that it keeps; whoever asks for one has it read again. */
  forget(): void {
    this.#ring.clear()
  }

  /** Whether it has read the log, and the conversation is there. */
  get isOpen(): boolean {
    return this.#head !== undefined
  }

  /**
   * Where the log stands, as far as is known here.
   *
   * @throws NotFoundError when the conversation is gone.
   */
  get head(): HubHead {
    if (!this.#head) throw new NotFoundError('conversation')
    return this.#head
  }

  add(follower: HubFollower): void {
    this.#followers.add(follower)
  }

  remove(follower: HubFollower): void {
    this.#followers.delete(follower)
  }

  /**
   * Where the log stands now, by a read that begins after this call; all who join at a time share it.
   *
   * @throws NotFoundError
   */
  async join(): Promise<HubHead> {
    this.#reason = 'join'
    await this.#look()
    return this.head
  }

  /** The events after a place, as far as they are in memory; undefined otherwise, or when the place is lost. */
  kept({ run, seq }: Place): readonly DurableEvent[] | undefined {
    return run === this.head.run ? this.#ring.after(seq) : undefined
  }

  /**
   * The next events after a place, out of memory or else a page of the database; none at the head. Undefined when the
   * place is lost: the log does not go on from there, or not any more.
   *
   * @throws NotFoundError when the conversation is gone.
   */
  async after(place: Place): Promise<readonly DurableEvent[] | undefined> {
    const isCurrent = () => place.run === this.head.run && place.seq <= this.#ring.last
    if (!isCurrent()) return undefined
    const kept = this.kept(place) ?? (await this.#older?.after(place.seq))
    return isCurrent() ? kept : undefined
  }

  /** The messages with a number above this one, as far as all of them are among the newest 256 events. */
  async messagesAfter(number: number): Promise<readonly MessageAdded[] | undefined> {
    const missing = this.head.messageCount - number
    if (missing <= 0) return []
    if (missing > RING_SIZE) return undefined
    // Most often there is little else among them.
    for (const back of [missing, RING_SIZE]) {
      const kept = this.#ring.messagesAfter(number)
      if (kept) return kept
      await this.#older?.fill(this.head.seq - back)
    }
    return this.#ring.messagesAfter(number)
  }

  ring(payload?: unknown, swept?: LogHead): void {
    const moved = isBeside(payload)
    if (moved || (payload === undefined && this.#isLive())) this.#beside.ring()
    if (moved || (swept && !this.#isLogBehind(swept))) return
    const rung = payload === undefined ? undefined : readRing(payload)
    if (rung && rung.epoch === this.#head?.epoch) this.#hear(rung)
    else this.#want(ANY, payload === undefined ? 'lost_ring' : 'empty_ring')
  }

  isBehind(head: LogHead): boolean {
    return this.#isLogBehind(head) || this.#isLive()
  }

  #isLogBehind(head: LogHead): boolean {
    return this.#head !== undefined && (head.epoch !== this.#head.epoch || head.seq !== this.#head.seq)
  }

  #isLive(): boolean {
    return this.#followers.values().some((follower) => follower.isLive?.())
  }

  #hear(rung: Ring): void {
    const newest = rung.events.at(-1)?.seq ?? 0
    if (newest <= this.#ring.last) return
    if (this.#connect(rung)) return
    this.#early.keep(rung)
    this.#want(newest, 'late_ring')
  }

  #want(seq: number, reason: BackfillReason): void {
    this.#reason = reason
    this.#wanted = Math.max(this.#wanted, seq)
    if (!this.#isReading) void this.#look().catch(this.#onFailure)
  }

  async #readOn(): Promise<void> {
    this.#isReading = true
    try {
      let isFull = false
      let reason: BackfillReason = 'join'
      do {
        this.#wanted = 0
        reason = this.#reason ?? reason
        this.#reason = undefined
        this.#metrics.backfilled(reason)
        const from = this.#head?.seq
        const limit = from === undefined ? 0 : PAGE_SIZE
        const page = await this.#readLog(this.#conversationId, from ?? 0, limit)
        this.#take(page, from)
        isFull = page?.events.length === PAGE_SIZE
      } while (isFull || (this.#head && this.#wanted > this.#head.seq))
      this.#early.clear()
    } finally {
      this.#isReading = false
      this.#reason = undefined
    }
  }

  /** @param from the head when the read began; rings may have moved it since. */
  #take(page: LogPage | null, from: number | undefined): void {
    if (!page) this.#lose()
    else if (from === undefined || page.head.epoch !== this.#head?.epoch || !goesOn(page, from)) this.#begin(page.head)
    else {
      this.#head = { ...this.#head, floor: page.head.floor }
      this.#connect(page)
    }
  }

  /** The conversation is gone; its followers find out. */
  #lose(): void {
    this.#head = undefined
    this.#ringFollowers()
  }

  /** Begins at a head, without anything that was there before. */
  #begin(head: LogHead): void {
    this.#run += 1
    this.#head = { ...head, run: this.#run }
    this.#ring = new EventRing(head.seq, this.#onResize)
    this.#onResize()
    this.#older = new OlderEvents(this.#ring, (seq, limit) => this.#readOlder(head.epoch, seq, limit))
    this.#early.clear()
    this.#ringFollowers()
  }

  /** Takes events that follow the newest one, and what has been waiting for them; false when there are none. */
  #connect(source: Ring | LogPage): boolean {
    if (!this.#head) return false
    const { epoch } = this.#head
    const next = source.events.filter(({ seq }) => seq > this.#ring.last)
    if (next[0]?.seq !== this.#ring.last + 1) return false
    const early = this.#early.after(next.at(-1)?.seq ?? 0)
    const all = [...next, ...early.map(({ event }) => event)]
    this.#ring.append(all.map((event) => toDurableEvent(this.#conversationId, epoch, event)))
    const added = all.findLast((event) => event.kind === 'MessageAdded')
    this.#head = { ...this.#head, seq: this.#ring.last, messageCount: added?.number ?? this.#head.messageCount }
    this.#ringFollowers()
    if (this.#followers.size > 0) this.#measure(source, next.length, early)
    return true
  }

  /** @param count how many of the last of them were new. */
  #measure(source: Ring | LogPage, count: number, early: readonly EarlyEvent[]): void {
    const now = Date.now()
    if ('head' in source) for (const ageMs of source.agesMs?.slice(-count) ?? []) this.#metrics.delivered(ageMs)
    else if (source.at !== undefined)
      for (let left = count; left > 0; left -= 1) this.#metrics.delivered(now - source.at)
    for (const { at } of early) if (at !== undefined) this.#metrics.delivered(now - at)
  }

  #ringFollowers(): void {
    for (const follower of this.#followers) follower.ring()
  }

  async #readOlder(epoch: string, seq: number, limit: number): Promise<readonly DurableEvent[]> {
    this.#metrics.backfilled('older')
    const page = await this.#readLog(this.#conversationId, seq, limit)
    if (page?.head.epoch === epoch) {
      return page.events.map((event) => toDurableEvent(this.#conversationId, epoch, event))
    }
    // A sweep would find out too, but who reads would take the events of one log for those of another until then.
    await this.#look()
    return []
  }
}

/** Whether a page continues the log that was known up to `from`, without a gap and as far as the log goes. */
function goesOn({ head, events }: LogPage, from: number): boolean {
  const reached = events.at(-1)?.seq ?? from
  const isWhole = reached === head.seq || events.length === PAGE_SIZE
  return isWhole && reached - from === events.length
}
