import { newUuid } from '../../../../platform/ids.ts'
import type { AppendedEvents, LoggedEvent, LogHead, LogPage } from '../event-log.ts'

/** The event log of one conversation, in memory: only messages happen there. */
export class FakeLog {
  readonly conversationId = newUuid()
  #epoch = newUuid()
  #events: LoggedEvent[] = []
  #floor = 0
  #isThere = true
  /** How often it was read. */
  reads = 0

  get head(): LogHead {
    const seq = this.#events.at(-1)?.seq ?? this.#floor
    return { epoch: this.#epoch, seq, floor: this.#floor, messageCount: seq }
  }

  /** Adds so many messages, and returns what a writer would ring with. */
  append(count = 1): AppendedEvents {
    const { seq } = this.head
    const events = Array.from({ length: count }, (_, index) => messageAt(seq + index + 1))
    this.#events.push(...events)
    return { epoch: this.#epoch, events }
  }

  /** As the database would answer at this moment. */
  page(seq: number, limit: number): LogPage | null {
    if (!this.#isThere) return null
    const events = this.#events.filter((event) => event.seq > seq).slice(0, limit)
    return { head: this.head, events }
  }

  /** Reads a page; of every conversation the same. */
  readonly read = async (_: string, seq: number, limit: number): Promise<LogPage | null> => {
    this.reads += 1
    return this.page(seq, limit)
  }

  readonly readHeads = async (ids: string[]): Promise<Map<string, LogHead>> =>
    new Map(this.#isThere ? ids.map((id) => [id, this.head]) : [])

  /** Begins another run: a restore of the database. */
  renewEpoch(): void {
    this.#epoch = newUuid()
  }

  /** Loses its newest events: a failover to a standby that lagged behind. */
  loseNewest(count: number): void {
    this.#events.splice(-count)
  }

  /** Prunes all but the newest events. */
  keepNewest(count: number): void {
    this.#floor = this.head.seq - count
    this.#events = this.#events.slice(-count)
  }

  /** Everything of the conversation is deleted. */
  remove(): void {
    this.#isThere = false
  }
}

function messageAt(seq: number): LoggedEvent {
  return { kind: 'MessageAdded', messageId: newUuid(), number: seq, seq }
}
