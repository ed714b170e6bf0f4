import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'

/** Somebody who follows something whose position is stored. */
export interface Watcher<Position> {
  /**
   * Something may have happened: look.
   *
   * @param payload what the bus brought, which may be anything; undefined when a sweep rings.
   * @param swept the position that a sweep found; without it what is watched is gone.
   */
  ring(payload?: unknown, swept?: Position): void
  /** Whether, when that is the position, there is something this watcher has not read. */
  isBehind(position: Position): boolean
}

/** What every watch needs. */
export interface WatchOptions {
  bus: EventBus
  logger: Logger
  /** In milliseconds; a second when not given. */
  sweepEveryMs?: number
}

/** What is watched. */
interface Watched<Position> {
  /** The bus topic that rings for a key. */
  topicOf: (key: string) => string
  /** Where these stand now, at most 500 at a time; what is left out is gone. */
  readPositions: (keys: string[]) => Promise<Map<string, Position>>
  /** What is logged when the positions cannot be read. */
  complaint: string
  /** Is told of each ring before those who watch. */
  hear?: ((payload: unknown) => void) | undefined
}

const POSITIONS_PER_QUERY = 500

/** After an interruption of the bus all processes look; not all at once. */
const INTERRUPTION_JITTER_MS = 250

/** Those who watch one key. */
interface Watch<Position> {
  readonly watchers: Set<Watcher<Position>>
  readonly unsubscribe: () => void
}

/**
 * Wakes those who follow something: at once when the bus rings, and at the latest after one sweep of the stored
 * positions, because a bus may lose a ring and silence alone proves nothing. When the bus knows that it may have lost
 * rings, the sweep does not wait for its turn.
 */
export class SweptWatch<Position> implements AsyncDisposable {
  readonly #watches = new Map<string, Watch<Position>>()
  readonly #bus: EventBus
  readonly #watched: Watched<Position>
  readonly #sweeping: RepeatedWork
  readonly #stopListening: () => void
  #interruption: NodeJS.Timeout | undefined

  constructor({ bus, logger, sweepEveryMs = 1_000, ...watched }: WatchOptions & Watched<Position>) {
    this.#bus = bus
    this.#watched = watched
    this.#sweeping = new RepeatedWork({
      everyMs: sweepEveryMs,
      work: () => this.#sweep(),
      onFailure: (err) => logger.warn({ err }, watched.complaint),
    })
    this.#stopListening = bus.onInterruption(() => this.#sweepSoon())
  }

  /** How many keys are being watched. */
  get size(): number {
    return this.#watches.size
  }

  /** Rings `watcher` until the returned function is called. The bus is listened to once for each key. */
  watch(key: string, watcher: Watcher<Position>): () => void {
    const watch = this.#watches.get(key) ?? this.#open(key)
    watch.watchers.add(watcher)
    return () => {
      watch.watchers.delete(watcher)
      if (watch.watchers.size > 0 || this.#watches.get(key) !== watch) return
      this.#watches.delete(key)
      watch.unsubscribe()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening()
    clearTimeout(this.#interruption)
    await this.#sweeping[Symbol.asyncDispose]()
  }

  #open(key: string): Watch<Position> {
    const watchers: Watch<Position>['watchers'] = new Set()
    const unsubscribe = this.#bus.subscribe(this.#watched.topicOf(key), (payload) => {
      this.#watched.hear?.(payload)
      for (const watcher of watchers) watcher.ring(payload)
    })
    const watch = { watchers, unsubscribe }
    this.#watches.set(key, watch)
    return watch
  }

  #sweepSoon(): void {
    if (this.#interruption) return
    const sweep = () => {
      this.#interruption = undefined
      void this.#sweeping.wake()
    }
    this.#interruption = setTimeout(sweep, Math.random() * INTERRUPTION_JITTER_MS).unref()
  }

  async #sweep(): Promise<void> {
    const watched = [...this.#watches.keys()]
    for (let start = 0; start < watched.length && !this.#sweeping.isStopped; start += POSITIONS_PER_QUERY) {
      const keys = watched.slice(start, start + POSITIONS_PER_QUERY)
      const positions = await this.#watched.readPositions(keys)
      for (const key of keys) this.#ringThoseBehind(key, positions.get(key))
    }
  }

  /** All of them when it is gone, so that they find out. */
  #ringThoseBehind(key: string, position: Position | undefined): void {
    for (const watcher of this.#watches.get(key)?.watchers ?? []) {
      if (position === undefined || watcher.isBehind(position)) watcher.ring(undefined, position)
    }
  }
}
