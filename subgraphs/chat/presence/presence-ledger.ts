import { Deadlines } from './deadlines.ts'
import { AWAY_AFTER_MS, judge, type PresenceStatus, type Standing, type Trace } from './presence-rules.ts'

/** A trace with what is needed to doubt it. */
export interface LedgerTrace extends Trace {
  /** Rises with each report of its process; an older one that comes late is ignored. */
  readonly version: number
  /** When its process was last heard to say so; undefined for what this process knows itself. */
  readonly heardAt?: number
  /** Its process fell silent without having said that the person left. */
  readonly isOrphan?: boolean
}

/** Somebody went OFFLINE. */
export interface PersonLeft {
  readonly userId: string
  /** Where they were last. */
  readonly processId: string
  readonly seenAt: number
  /** That process can no longer record it. */
  readonly isOrphan: boolean
}

/** What a process says holds for so long; it repeats itself much more often. */
export const SILENCE_MS = 30_000

/** What is known of people who are here or were a short while ago, from all processes; it lives in memory alone. */
export class PresenceLedger {
  readonly #people = new Map<string, Traces>()
  /** Those who are not OFFLINE, as the listeners know it. */
  readonly #statuses = new Map<string, PresenceStatus>()
  readonly #deadlines = new Deadlines()
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #now: () => number
  readonly #onLeft: (left: PersonLeft) => void

  /** @param options.now milliseconds since the epoch. */
  constructor(options: { now: () => number; onLeft: (left: PersonLeft) => void }) {
    this.#now = options.now
    this.#onLeft = options.onLeft
  }

  /** How many people are remembered. */
  get size(): number {
    return this.#people.size
  }

  /** Puts down what a process knows of somebody, in place of what it said before. */
  put(userId: string, processId: string, trace: LedgerTrace): void {
    const traces: Traces = this.#people.get(userId) ?? new Map()
    this.#people.set(userId, traces)
    if ((traces.get(processId)?.version ?? 0) <= trace.version) traces.set(processId, trace)
    this.#review(userId)
  }

  /** How somebody stands now. */
  standing(userId: string): Standing {
    this.#review(userId)
    return judge(this.#people.get(userId)?.values() ?? [], this.#now())
  }

  /** Calls `listener` whenever the person's status changes, until the returned function is called. */
  watch(userId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(userId) ?? new Set()
    this.#listeners.set(userId, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(userId) === listeners) this.#listeners.delete(userId)
    }
  }

  /** Looks at everybody with whom time alone has changed something. */
  reviewDue(): void {
    for (const userId of this.#deadlines.takeDue(this.#now())) this.#review(userId)
  }

  #review(userId: string): void {
    const traces = this.#people.get(userId)
    if (!traces) return
    const now = this.#now()
    doubtSilent(traces, now)
    const standing = judge(traces.values(), now)
    if (standing.status !== (this.#statuses.get(userId) ?? 'OFFLINE')) this.#change(userId, traces, standing)
    forgetOld(traces, now)
    if (traces.size === 0) this.#people.delete(userId)
    else this.#deadlines.set(userId, Math.min(standing.until, ...[...traces.values()].map(validUntil)))
  }

  #change(userId: string, traces: Traces, { status, lastSeenAt }: Standing): void {
    if (status === 'OFFLINE') {
      this.#statuses.delete(userId)
      const [processId, { leftAt, isOrphan = false }] = lastOf(traces)
      this.#onLeft({ userId, processId, seenAt: lastSeenAt ?? leftAt, isOrphan })
    } else this.#statuses.set(userId, status)
    for (const notify of this.#listeners.get(userId) ?? []) notify()
  }
}

type Traces = Map<string, LedgerTrace>

/** Until when a trace counts as it stands. */
function validUntil({ isOpen, heardAt, activeAt, leftAt }: LedgerTrace): number {
  if (!isOpen) return Math.max(activeAt, leftAt) + AWAY_AFTER_MS
  return heardAt === undefined ? Number.POSITIVE_INFINITY : heardAt + SILENCE_MS
}

/** A process that fell silent holds nobody here any more. */
function doubtSilent(traces: Traces, now: number): void {
  for (const [processId, trace] of traces) {
    if (!trace.isOpen || trace.heardAt === undefined || now < validUntil(trace)) continue
    traces.set(processId, { ...trace, isOpen: false, leftAt: trace.heardAt, isOrphan: true })
  }
}

/** What lies long back changes nothing any more. */
function forgetOld(traces: Traces, now: number): void {
  for (const [processId, trace] of traces) {
    if (!trace.isOpen && now >= validUntil(trace)) traces.delete(processId)
  }
}

/** Where somebody was last. Of several at the same moment the first by its id, so that all processes name the same. */
function lastOf(traces: Traces): [processId: string, trace: LedgerTrace] {
  const [last, ...others] = [...traces].sort(([one], [other]) => (one < other ? -1 : 1))
  if (!last) throw new Error('Whoever leaves was somewhere.')
  return others.reduce((later, each) => (each[1].leftAt > later[1].leftAt ? each : later), last)
}
