import type { UpstreamSink } from '../upstream/upstream-connection.ts'
import type { UpstreamSubscription } from '../upstream/upstream-socket.ts'
import type { VirtualTimers } from './virtual-timers.ts'

/** How long a frame travels, in milliseconds. */
const LATENCY_MS = 1

/** A subscription to the fake upstream. */
interface Watch {
  readonly sink: UpstreamSink
  /** How much of the log it has told. */
  told: number
}

/**
 * A log behind a connection that can be cut at any moment, on virtual time. Entries are numbered from 1, and a payload is
 * `{"data":{"entry":{"at":<number>}}}`.
 */
export class FakeUpstream {
  /** Error codes that the next subscriptions are refused with. */
  readonly refusals: string[] = []
  /** Error codes that the next entries fail with. */
  readonly failures: string[] = []
  /** Within how many milliseconds the next subscriptions are sent elsewhere, before they are told anything. */
  readonly drains: number[] = []
  /** After how many more entries the connection is cut. */
  readonly cuts: number[] = []
  /** Whether it says where a subscription begins that did not say it itself. */
  tellsBeginning = true
  /** When something was subscribed to. */
  readonly subscribedAt: number[] = []
  isUp = true
  length = 0
  readonly #timers: VirtualTimers
  readonly #watches = new Set<Watch>()

  constructor(timers: VirtualTimers) {
    this.#timers = timers
  }

  get watchCount(): number {
    return this.#watches.size
  }

  append(): void {
    this.length += 1
    this.#later(() => {
      for (const watch of this.#watches) this.#tell(watch)
    })
  }

  /** Says something that has no position. */
  sayAside(): void {
    for (const { sink } of this.#watches) sink.next('{"data":{"entry":{"at":null}}}')
  }

  cut(): void {
    const lost = [...this.#watches]
    this.#watches.clear()
    for (const { sink } of lost) sink.lost(lost.length)
  }

  drain(reconnectWithinMs: number): void {
    for (const { sink } of [...this.#watches]) sink.next(drainingText(reconnectWithinMs))
  }

  subscribe(from: { after: unknown }, sink: UpstreamSink): UpstreamSubscription {
    this.subscribedAt.push(this.#timers.now())
    const watch = { sink, told: 0 }
    let hasLeft = false
    this.#later(() => {
      if (hasLeft) return
      if (this.isUp) this.#begin(watch, from.after)
      else sink.lost(1)
    })
    return {
      unsubscribe: () => {
        hasLeft = true
        this.#watches.delete(watch)
      },
      retire: () => {},
    }
  }

  #begin(watch: Watch, after: unknown): void {
    watch.sink.sent()
    const refusal = this.refusals.shift()
    const drained = refusal === undefined ? this.drains.shift() : undefined
    if (refusal !== undefined) watch.sink.refused([errorOf(refusal)])
    else if (drained !== undefined) watch.sink.next(drainingText(drained))
    else this.#serve(watch, after)
  }

  #serve(watch: Watch, after: unknown): void {
    this.#watches.add(watch)
    watch.told = typeof after === 'number' ? after : this.length
    if (after === undefined && this.tellsBeginning)
      watch.sink.next(JSON.stringify({ data: null, extensions: { opensAt: watch.told } }))
    this.#later(() => this.#tell(watch))
  }

  #tell(watch: Watch): void {
    while (watch.told < this.length && this.#watches.has(watch)) {
      const code = this.failures.shift()
      watch.told += 1
      const payload = code ? { data: null, errors: [errorOf(code)] } : { data: { entry: { at: watch.told } } }
      watch.sink.next(JSON.stringify(payload))
      this.#noteTold()
    }
  }

  #noteTold(): void {
    const [left, ...others] = this.cuts
    if (left === undefined) return
    this.cuts.splice(0, this.cuts.length, ...(left > 1 ? [left - 1] : []), ...others)
    if (left <= 1) this.cut()
  }

  #later(run: () => void): void {
    this.#timers.after(LATENCY_MS, run)
  }
}

const errorOf = (code: string) => ({ message: 'Not now.', extensions: { code } })

const drainingText = (reconnectWithinMs: number) =>
  JSON.stringify({ data: null, extensions: { draining: { reconnectWithinMs } } })
