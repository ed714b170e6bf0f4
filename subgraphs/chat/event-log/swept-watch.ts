import type { EventBus } from '../../../platform/event-bus.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'

/** Somebody who follows something whose position is stored. */
export interface Watcher<Position> {
  /** Something may have happened: look. */
  ring(): void
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
}

const POSITIONS_PER_QUERY = 500

/**
 * Wakes those who follow something: at once when the bus rings, and at the latest after one sweep of the stored
 * positions, because a bus may lose a ring and silence alone proves nothing.
 */
export class SweptWatch<Position> implements AsyncDisposable {
  readonly #watchers = new Map<string, Set<Watcher<Position>>>()
  readonly #bus: EventBus
  readonly #watched: Watched<Position>
  readonly #sweeping: RepeatedWork

  constructor({ bus, logger, sweepEveryMs = 1_000, ...watched }: WatchOptions & Watched<Position>) {
    this.#bus = bus
    this.#watched = watched
    this.#sweeping = new RepeatedWork({
      everyMs: sweepEveryMs,
      work: () => this.#sweep(),
      onFailure: (err) => logger.warn({ err }, watched.complaint),
    })
  }

  /** How many keys are being watched. */
  get size(): number {
    return this.#watchers.size
  }

  /** Rings `watcher` until the returned function is called. */
  watch(key: string, watcher: Watcher<Position>): () => void {
    const watchers = this.#watchers.get(key) ?? new Set()
    this.#watchers.set(key, watchers.add(watcher))
    const unsubscribe = this.#bus.subscribe(this.#watched.topicOf(key), () => watcher.ring())
    return () => {
      unsubscribe()
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sweeping[Symbol.asyncDispose]()
  }

  async #sweep(): Promise<void> {
    const watched = [...this.#watchers.keys()]
    for (let start = 0; start < watched.length && !this.#sweeping.isStopped; start += POSITIONS_PER_QUERY) {
      const keys = watched.slice(start, start + POSITIONS_PER_QUERY)
      const positions = await this.#watched.readPositions(keys)
      for (const key of keys) this.#ringThoseBehind(key, positions.get(key))
    }
  }

  /** All of them when it is gone, so that they find out. */
  #ringThoseBehind(key: string, position: Position | undefined): void {
    for (const watcher of this.#watchers.get(key) ?? []) {
      if (position === undefined || watcher.isBehind(position)) watcher.ring()
    }
  }
}
