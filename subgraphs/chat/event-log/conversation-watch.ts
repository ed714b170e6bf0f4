import type { EventBus } from '../../../platform/event-bus.ts'
import type { Logger } from '../../../platform/logging.ts'
import type { LogHead } from './event-log.ts'

/** Somebody who follows a conversation. */
export interface Watcher {
  /** Something may have happened: look. */
  ring(): void
  /** Whether, with the log standing there, there is something this watcher has not read. */
  isBehind(head: LogHead): boolean
}

const HEADS_PER_QUERY = 500

/** The bus topic that rings when something happened in a conversation. */
export const doorbellOf = (conversationId: string) => `conversation/${conversationId}`

/**
 * Wakes the followers of conversations: at once when the bus rings, and at the latest after one sweep of the heads in
 * the database, because a bus may lose a ring and silence alone proves nothing.
 */
export class ConversationWatch implements AsyncDisposable {
  readonly #watchers = new Map<string, Set<Watcher>>()
  readonly #bus: EventBus
  readonly #readHeads: (conversationIds: string[]) => Promise<Map<string, LogHead>>
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  #sweeping: Promise<void> | undefined

  constructor(options: {
    bus: EventBus
    readHeads: (conversationIds: string[]) => Promise<Map<string, LogHead>>
    logger: Logger
    sweepEveryMs?: number
  }) {
    this.#bus = options.bus
    this.#readHeads = options.readHeads
    this.#logger = options.logger
    this.#timer = setInterval(() => this.#sweepUnlessSweeping(), options.sweepEveryMs ?? 1_000)
    this.#timer.unref()
  }

  /** How many conversations are being watched. */
  get size(): number {
    return this.#watchers.size
  }

  /** Rings `watcher` until the returned function is called. */
  watch(conversationId: string, watcher: Watcher): () => void {
    const watchers = this.#watchers.get(conversationId) ?? new Set()
    this.#watchers.set(conversationId, watchers.add(watcher))
    const unsubscribe = this.#bus.subscribe(doorbellOf(conversationId), () => watcher.ring())
    return () => {
      unsubscribe()
      watchers.delete(watcher)
      if (watchers.size === 0) this.#watchers.delete(conversationId)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#sweeping
  }

  #sweepUnlessSweeping(): void {
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => this.#logger.warn({ err: error }, 'could not read the heads of watched conversations'))
      .finally(() => {
        this.#sweeping = undefined
      })
  }

  async #sweep(): Promise<void> {
    const watched = [...this.#watchers.keys()]
    for (let start = 0; start < watched.length; start += HEADS_PER_QUERY) {
      const conversationIds = watched.slice(start, start + HEADS_PER_QUERY)
      const heads = await this.#readHeads(conversationIds)
      for (const conversationId of conversationIds) this.#ringThoseBehind(conversationId, heads.get(conversationId))
    }
  }

  /** All of them when the conversation is gone, so that they find out. */
  #ringThoseBehind(conversationId: string, head: LogHead | undefined): void {
    for (const watcher of this.#watchers.get(conversationId) ?? []) {
      if (!head || watcher.isBehind(head)) watcher.ring()
    }
  }
}
