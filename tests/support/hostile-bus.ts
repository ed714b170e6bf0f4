import { systemTimers, type Timers } from '../../gateway/upstream/timers.ts'
import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import { encodePayload } from '../../platform/event-bus/payload.ts'
import { seededRandom } from './seeded-random.ts'

/** What a bus may do to messages. Rates are from 0 to 1. */
export interface Hostility {
  /** Decides what happens to which message; with the same seed and the same messages it is the same. */
  readonly seed: number
  /** How many are lost; a fifth when not given. */
  readonly lossRate?: number
  /** How many of the others arrive twice; a tenth when not given. */
  readonly doublingRate?: number
  /** Each is late by up to so many milliseconds, 50 when not given, and so arrives before or after its neighbours. */
  readonly longestDelayMs?: number
  /** How the topics begin of which nothing is lost, doubled or out of order; those of `EPHEMERAL` when not given. */
  readonly sparedTopics?: readonly string[]
}

/**
 * What is said over the bus alone: who types, who has read, who is here. Losing some of it is allowed, so that a test of
 * its behaviour could expect nothing at all of a bus that loses; it is only late.
 */
const EPHEMERAL = ['signals/', 'membership-ends/', 'presence'] as const

/**
 * Does to another bus what the contract of a bus allows: loses, doubles, delays and reorders messages. Whatever is
 * promised to a client must be kept over it. Disposing it disposes the other.
 */
export class HostileBus implements EventBus {
  readonly #bus: EventBus
  readonly #hostility: Required<Hostility>
  readonly #random: () => number
  readonly #timers: Pick<Timers, 'after'>
  /** How each of those that are on their way is held back for good. */
  readonly #late = new Set<() => void>()
  /** What is only late, oldest first: whichever delay ends first lets the oldest go. */
  readonly #inOrder: { readonly topic: string; readonly json: string }[] = []

  /** @param timers wake what is late; the system's when not given. */
  constructor(bus: EventBus, hostility: Hostility, timers: Pick<Timers, 'after'> = systemTimers) {
    this.#bus = bus
    this.#timers = timers
    this.#hostility = {
      lossRate: 0.2,
      doublingRate: 0.1,
      longestDelayMs: 50,
      sparedTopics: EPHEMERAL,
      ...hostility,
    }
    this.#random = seededRandom(hostility.seed)
  }

  publish(topic: string, payload: unknown): void {
    const { lossRate, doublingRate, sparedTopics } = this.#hostility
    const json = encodePayload(payload)
    if (sparedTopics.some((beginning) => topic.startsWith(beginning))) {
      this.#inOrder.push({ topic, json })
      this.#later(() => this.#deliverOldest())
      return
    }
    if (this.#random() < lossRate) return
    const copies = this.#random() < doublingRate ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) this.#later(() => this.#bus.publish(topic, JSON.parse(json)))
  }

  subscribe(topic: string, listener: (payload: unknown) => void): () => void {
    return this.#bus.subscribe(topic, listener)
  }

  onInterruption(listener: () => void): () => void {
    return this.#bus.onInterruption(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cancel of this.#late) cancel()
    this.#late.clear()
    await this.#bus[Symbol.asyncDispose]()
  }

  #deliverOldest(): void {
    const oldest = this.#inOrder.shift()
    if (oldest) this.#bus.publish(oldest.topic, JSON.parse(oldest.json))
  }

  #later(deliver: () => void): void {
    const cancel = this.#timers.after(this.#random() * this.#hostility.longestDelayMs, () => {
      this.#late.delete(cancel)
      deliver()
    })
    this.#late.add(cancel)
  }
}
