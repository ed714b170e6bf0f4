import type { EventBus } from '../../../platform/event-bus.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import { inboxOf } from '../event-log/inbox-head.ts'

/** Somebody who follows a person's own list of conversations. */
export interface InboxWatcher {
  /** The list may have changed: look. */
  ring(): void
  /** Whether the list has changed since this watcher read it, when it has changed so many times by now. */
  isBehind(version: number): boolean
}

const VERSIONS_PER_QUERY = 500

/**
 * Wakes those who follow people's lists of conversations: at once when the bus rings, and at the latest after one sweep
 * of what is stored, because a bus may lose a ring.
 */
export class InboxWatch implements AsyncDisposable {
  readonly #watchers = new Map<string, Set<InboxWatcher>>()
  readonly #bus: EventBus
  readonly #readVersions: (userIds: string[]) => Promise<Map<string, number>>
  readonly #sweeping: RepeatedWork

  constructor(options: {
    bus: EventBus
    /** How often these people's lists have changed. */
    readVersions: (userIds: string[]) => Promise<Map<string, number>>
    logger: Logger
    sweepEveryMs?: number
  }) {
    this.#bus = options.bus
    this.#readVersions = options.readVersions
    this.#sweeping = new RepeatedWork({
      everyMs: options.sweepEveryMs ?? 1_000,
      work: () => this.#sweep(),
      onFailure: (err) => options.logger.warn({ err }, 'could not read whose lists of conversations changed'),
    })
  }

  /** How many people's lists are being watched. */
  get size(): number {
    return this.#watchers.size
  }

  /** Rings `watcher` until the returned function is called. The id is a UUID. */
  watch(userId: string, watcher: InboxWatcher): () => void {
    const watchers = this.#watchers.get(userId) ?? new Set()
    this.#watchers.set(userId, watchers.add(watcher))
    const unsubscribe = this.#bus.subscribe(inboxOf(userId), () => watcher.ring())
    return () => {
      unsubscribe()
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#watchers.get(userId) === watchers) this.#watchers.delete(userId)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sweeping[Symbol.asyncDispose]()
  }

  async #sweep(): Promise<void> {
    const watched = [...this.#watchers.keys()]
    for (let start = 0; start < watched.length && !this.#sweeping.isStopped; start += VERSIONS_PER_QUERY) {
      const versions = await this.#readVersions(watched.slice(start, start + VERSIONS_PER_QUERY))
      for (const [userId, version] of versions) {
        for (const watcher of this.#watchers.get(userId) ?? []) {
          if (watcher.isBehind(version)) watcher.ring()
        }
      }
    }
  }
}
