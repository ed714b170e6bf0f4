import { randomUUID } from 'node:crypto'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { OwnPeople } from './own-people.ts'
import { type PersonLeft, PresenceLedger, SILENCE_MS } from './presence-ledger.ts'
import { PRESENCE, type PresenceReport, readReport, reportsOf } from './presence-report.ts'
import type { PresenceStatus } from './presence-rules.ts'

/** Where the moment at which somebody was last here is kept. */
export interface LastSeenStore {
  /** Must not throw, and must not wait. */
  record(userId: string, seenAt: Date): void
}

/** In milliseconds. */
export interface PresenceTimes {
  /** How often it is looked who became AWAY or OFFLINE by the time. */
  tickEveryMs?: number
  /** How often a process repeats who is with it. */
  snapshotEveryMs?: number
}

interface PresenceOptions extends PresenceTimes {
  bus: EventBus
  lastSeen: LastSeenStore
  now?: (() => Date) | undefined
}

/** Somebody's presence; ids are UUIDs. */
export interface KnownPresence {
  readonly status: PresenceStatus
  /** Undefined where memory does not reach back so far. */
  readonly lastSeenAt: Date | undefined
}

/**
 * Who is here, in all processes. Each process counts its own people's streams and tells the others over the bus: what
 * changed at once, and everything every ten seconds, because a bus may lose messages. A process that is not heard for
 * thirty seconds has lost its people. Nothing is stored but the moment at which somebody was last here, once they leave.
 */
export class PresenceBoard implements AsyncDisposable {
  readonly #id = randomUUID()
  readonly #bus: EventBus
  readonly #lastSeen: LastSeenStore
  readonly #now: () => number
  readonly #own = new OwnPeople()
  readonly #ledger: PresenceLedger
  /** When each of the other processes was last heard. */
  readonly #others = new Map<string, number>()
  readonly #untold = new Set<string>()
  readonly #closers: (() => void)[]
  #telling: NodeJS.Immediate | undefined
  #version = 0
  #isStopped = false

  constructor({ bus, lastSeen, now = () => new Date(), ...options }: PresenceOptions) {
    this.#bus = bus
    this.#lastSeen = lastSeen
    this.#now = () => now().getTime()
    this.#ledger = new PresenceLedger({ now: this.#now, onLeft: (left) => this.#recordIfOurs(left) })
    const tick = setInterval(() => this.#ledger.reviewDue(), options.tickEveryMs ?? 250).unref()
    const snapshot = setInterval(() => this.#takeStock(), options.snapshotEveryMs ?? 10_000).unref()
    this.#closers = [
      () => clearInterval(tick),
      () => clearInterval(snapshot),
      bus.subscribe(PRESENCE, (payload) => this.#receive(payload)),
    ]
    bus.publish(PRESENCE, { kind: 'hello', from: this.#id } satisfies PresenceReport)
  }

  /** How many people are remembered: those who are here, and those who were a short while ago. */
  get size(): number {
    return this.#ledger.size
  }

  /** A stream of theirs has opened; what it returns is to be called once, when it ends. */
  open(userId: string): () => void {
    this.#note(userId, this.#own.open(userId, this.#now()))
    return () => this.#note(userId, this.#own.close(userId, this.#now()))
  }

  /** They did something. */
  touch(userId: string): void {
    this.#note(userId, this.#own.touch(userId, this.#now()))
  }

  /** Somebody's presence now. */
  of(userId: string): KnownPresence {
    const { status, lastSeenAt } = this.#ledger.standing(userId)
    return { status, lastSeenAt: lastSeenAt === undefined ? undefined : new Date(lastSeenAt) }
  }

  /** Calls `listener` whenever the status of one of these people changes, until the returned function is called. */
  watch(userIds: Iterable<string>, listener: (userId: string) => void): () => void {
    const unwatch = [...userIds].map((userId) => this.#ledger.watch(userId, () => listener(userId)))
    return () => {
      for (const close of unwatch) close()
    }
  }

  /** Tells the others that nobody is here any more, and records when they were last here. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    for (const close of this.#closers) close()
    this.#ledger.reviewDue()
    for (const userId of this.#own.closeAll(this.#now())) {
      const { status, lastSeenAt } = this.of(userId)
      // Also of those who seem to be elsewhere: that process may be stopping too.
      if (status !== 'OFFLINE' && lastSeenAt) this.#lastSeen.record(userId, lastSeenAt)
    }
    this.#tellAll()
    this.#bus.publish(PRESENCE, { kind: 'goodbye', from: this.#id } satisfies PresenceReport)
  }

  #note(userId: string, isNews: boolean): void {
    if (this.#isStopped) return
    this.#ledger.put(userId, this.#id, { ...this.#own.trace(userId), version: 0 })
    if (!isNews) return
    this.#untold.add(userId)
    // Together with what else happens in this turn: after a restart thousands come back at once.
    this.#telling ??= setImmediate(() => this.#tell())
  }

  #takeStock(): void {
    for (const id of [...this.#others.keys()].filter((id) => !this.#isAlive(id))) this.#others.delete(id)
    this.#tellAll()
  }

  #tellAll(): void {
    for (const userId of this.#own.all(this.#now())) this.#untold.add(userId)
    this.#tell()
  }

  #tell(): void {
    clearImmediate(this.#telling)
    this.#telling = undefined
    const people = this.#own.tell(this.#untold)
    this.#untold.clear()
    for (const report of reportsOf(this.#id, () => ++this.#version, people)) this.#bus.publish(PRESENCE, report)
  }

  #receive(payload: unknown): void {
    const report = readReport(payload)
    if (!report || report.from === this.#id) return
    const now = this.#now()
    if (report.kind === 'goodbye') this.#others.delete(report.from)
    else this.#others.set(report.from, now)
    if (report.kind === 'hello') this.#tellAll()
    if (report.kind !== 'people') return
    for (const [userId, isOpen, activeAt, leftAt] of report.people) {
      const trace = { isOpen, activeAt, leftAt, version: report.version, heardAt: now }
      this.#ledger.put(userId, report.from, trace)
    }
  }

  /** One process records that somebody left: the one where they were last, or in place of a dead one the first alive. */
  #recordIfOurs({ userId, processId, seenAt, isOrphan }: PersonLeft): void {
    const isOurs = processId === this.#id || (isOrphan && this.#isFirstAlive())
    if (isOurs) this.#lastSeen.record(userId, new Date(seenAt))
  }

  #isFirstAlive(): boolean {
    return [...this.#others.keys()].every((id) => this.#id < id || !this.#isAlive(id))
  }

  /** Whether another process was heard lately. */
  #isAlive(id: string): boolean {
    const heardAt = this.#others.get(id)
    return heardAt !== undefined && this.#now() < heardAt + SILENCE_MS
  }
}
