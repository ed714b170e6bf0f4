import type { Logger } from '../../../platform/logging.ts'
import { ConversationHub, type HubFollower, type ReadLog } from './conversation-hub.ts'
import type { ConversationWatch } from './conversation-watch.ts'
import { EventLogMetrics } from './event-log-metrics.ts'
import { RingBudget } from './ring-budget.ts'

/** What a follower has of the hub that it shares. */
export interface Following {
  readonly hub: ConversationHub
  /** To be called once, at the end. */
  readonly leave: () => void
}

interface Entry {
  readonly hub: ConversationHub
  readonly unwatch: () => void
  /** Runs while nobody follows. */
  resting: NodeJS.Timeout | undefined
}

/** Whoever comes back after a connection broke finds the newest events in memory. */
const LINGER_MS = 30_000
const MOST_IDLE = 10_000

/** The hubs of this process: one for each conversation that somebody follows, or followed a moment ago. */
export class ConversationHubs implements AsyncDisposable {
  readonly metrics: EventLogMetrics
  readonly #watch: ConversationWatch
  readonly #readLog: ReadLog
  readonly #onFailure: (error: unknown) => void
  readonly #lingerMs: number
  readonly #mostIdle: number
  readonly #budget: RingBudget
  readonly #entries = new Map<string, Entry>()
  /** Conversations whose hub nobody follows, the longest idle first. */
  readonly #idle = new Set<string>()
  #followers = 0
  #isClosed = false

  /**
   * @param options.lingerMs how long a hub stays when nobody follows any more, in milliseconds; 30 s when not given.
   * @param options.mostIdle the most hubs that stay so; 10,000 when not given.
   * @param options.mostEvents the most events that all hubs keep; 200,000 when not given.
   */
  constructor(options: {
    watch: ConversationWatch
    readLog: ReadLog
    logger: Logger
    lingerMs?: number | undefined
    mostIdle?: number | undefined
    mostEvents?: number | undefined
    metrics?: EventLogMetrics | undefined
  }) {
    this.metrics = options.metrics ?? new EventLogMetrics()
    this.#watch = options.watch
    this.#readLog = options.readLog
    this.#onFailure = (err) => {
      if (!this.#isClosed) options.logger.warn({ err }, 'could not read what happened in a conversation')
    }
    this.#lingerMs = options.lingerMs ?? LINGER_MS
    this.#mostIdle = options.mostIdle ?? MOST_IDLE
    this.#budget = new RingBudget(options.mostEvents)
  }

  /** How many hubs there are, idle ones included. */
  get size(): number {
    return this.#entries.size
  }

  /** How many events they keep in memory. */
  get events(): number {
    return this.#budget.events
  }

  /** How many follow. */
  get followers(): number {
    return this.#followers
  }

  /** Rings `follower` from now on, before anything of the log is read. */
  follow(conversationId: string, follower: HubFollower): Following {
    const entry = this.#entries.get(conversationId) ?? this.#open(conversationId)
    const { hub } = entry
    clearTimeout(entry.resting)
    this.#idle.delete(conversationId)
    hub.add(follower)
    this.#followers += 1
    const leave = () => {
      hub.remove(follower)
      this.#followers -= 1
      if (hub.size === 0) this.#rest(conversationId, entry)
    }
    return { hub, leave }
  }

  /** Ends all of them at once; who still follows is told nothing any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const conversationId of [...this.#entries.keys()]) this.#close(conversationId)
  }

  #open(conversationId: string): Entry {
    const onResize = () => {
      // A read may end after the hub was closed.
      if (this.#entries.get(conversationId) === entry) this.#budget.count(hub)
    }
    const hub = new ConversationHub({
      ...{ conversationId, onResize },
      ...{ readLog: this.#readLog, onFailure: this.#onFailure, metrics: this.metrics },
    })
    const entry: Entry = { hub, unwatch: this.#watch.watch(conversationId, hub), resting: undefined }
    this.#entries.set(conversationId, entry)
    return entry
  }

  #rest(conversationId: string, entry: Entry): void {
    if (this.#entries.get(conversationId) !== entry) return
    // One that knows nothing would keep nothing warm.
    if (this.#lingerMs === 0 || !entry.hub.isOpen) {
      this.#close(conversationId)
      return
    }
    this.#idle.add(conversationId)
    entry.resting = setTimeout(() => this.#close(conversationId), this.#lingerMs).unref()
    const [longestIdle] = this.#idle
    if (this.#idle.size > this.#mostIdle && longestIdle !== undefined) this.#close(longestIdle)
  }

  #close(conversationId: string): void {
    const entry = this.#entries.get(conversationId)
    this.#entries.delete(conversationId)
    this.#idle.delete(conversationId)
    if (!entry) return
    this.#budget.drop(entry.hub)
    clearTimeout(entry.resting)
    entry.unwatch()
  }
}
