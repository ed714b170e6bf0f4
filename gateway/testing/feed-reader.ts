import { LagBudget } from '../subscriptions/lag-budget.ts'
import { SubscriptionStream } from '../subscriptions/subscription-stream.ts'
import { PATIENCE, type Patience, ReopeningGate } from '../upstream/reopening.ts'
import { type FeedParts, UpstreamFeed } from '../upstream/upstream-feed.ts'
import { FakeUpstream } from './fake-upstream.ts'
import { VirtualTimers } from './virtual-timers.ts'

const RESUMABLE: FeedParts['delivery'] = {
  kind: 'resumable',
  argument: { name: 'after', type: 'Int', defaultValue: undefined },
  position: 'at',
}

type ReaderOptions = Partial<FeedParts> & {
  patience?: Patience
  budget?: LagBudget
  maxEvents?: number
  isLatestEnough?: boolean
}

/** Feeds from a fake upstream, and the time that they live in. */
export class FeedBench {
  readonly timers = new VirtualTimers()
  readonly upstream = new FakeUpstream(this.timers)
  readonly #gate = new ReopeningGate()
  /** How often an operation was sent again. */
  reconnections = 0
  /** How many of the feeds were open. */
  opened = 0
  /** How often a subgraph did not know who a stream is for. */
  disowned = 0

  feedParts(options: Partial<FeedParts>): FeedParts {
    return {
      subgraph: 'log',
      delivery: RESUMABLE,
      beginsAfter: undefined,
      read: (text) => {
        const payload = JSON.parse(text)
        return { text, payload, position: payload.data?.entry?.at }
      },
      subscribe: (from, sink) => this.upstream.subscribe(from, sink),
      gate: this.#gate,
      patience: PATIENCE,
      timers: this.timers,
      random: Math.random,
      onOpened: () => {
        this.opened += 1
      },
      onReconnect: () => {
        this.reconnections += 1
      },
      onUnauthenticated: () => {
        this.disowned += 1
      },
      ...options,
    }
  }

  append(count: number): void {
    for (let index = 0; index < count; index += 1) this.upstream.append()
  }
}

/** A stream over the fake upstream, and what a client has read of it: numbers, null for an aside, and errors as text. */
export class FeedReader {
  readonly read: (number | string | null)[] = []
  readonly stream: SubscriptionStream
  /** Everything after this number is to be read: what it asked for, else what it was told first. */
  begins: number | undefined
  #isReading = false

  constructor(bench: FeedBench, options: ReaderOptions = {}) {
    const { budget = new LagBudget(1_000_000), maxEvents = 256, isLatestEnough = false, ...overrides } = options
    const parts = bench.feedParts(overrides)
    this.begins = parts.beginsAfter as number | undefined
    this.stream = new SubscriptionStream({
      subgraph: 'log',
      isLatestEnough,
      bounds: { maxEvents, maxCharacters: 1_000_000 },
      budget,
      feed: (consumer) => new UpstreamFeed({ ...parts, read: (text) => this.#note(parts.read(text)) }, consumer),
      complete: async ({ text }) => text,
      failed: ([error]) => JSON.stringify(error && 'code' in error ? error.code : 'unknown'),
      onEnd: () => {},
    })
  }

  /** Reads one result, when there is one. */
  async take(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    const { done, value } = await this.stream.next()
    this.#isReading = false
    if (done) return
    const result = JSON.parse(value)
    this.read.push(typeof result === 'string' ? result : (result.data?.entry?.at ?? null))
  }

  /** What was read, without what has no number and did not fail. */
  get numbers(): unknown[] {
    return this.read.filter((it) => it !== null)
  }

  #note(event: ReturnType<FeedParts['read']>): typeof event {
    const { opensAt } = event.payload?.extensions ?? {}
    const first = typeof event.position === 'number' ? event.position - 1 : undefined
    this.begins ??= typeof opensAt === 'number' ? opensAt : first
    return event
  }
}
