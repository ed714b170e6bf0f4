import { z } from 'zod'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { membershipEndsOf } from '../event-log/membership-end.ts'
import { Typists } from './typists.ts'

/** Milliseconds. */
export interface SignalTimes {
  /** How long a `true` of setTyping holds, wherever it arrives. */
  readonly typingHoldsMs: number
  /** How long the same saying of the same person is not told again. */
  readonly repeatAfterMs: number
}

const userId = z.uuid()

/** Something about one person in a conversation that is not in its log. Ids are UUIDs. */
export type Signal = z.infer<typeof signalSchema>

const signalSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('marker'), userId, upTo: z.int32().nonnegative() }),
  z.object({ kind: z.literal('typing'), userId, isTyping: z.boolean() }),
])

/** What this process knows of one conversation, as long as somebody listens or types there. */
interface Room {
  readonly listeners: Set<(signal: Signal) => void>
  readonly typists: Typists
  readonly unsubscribe: () => void
  /** Keeps the room for who began to type in this process until their own signal has come back over the bus. */
  expected: NodeJS.Timeout | undefined
}

/**
 * Tells who follows a conversation what is not in its log: read markers and typing, which ends with the
 * membership. It promises nothing, and stores nothing: a signal that the bus loses is lost.
 */
export class Signals {
  readonly #bus: EventBus
  readonly #times: SignalTimes
  readonly #rooms = new Map<string, Room>()
  /** What was last told of somebody's typing, oldest first; not older than `repeatAfterMs`. */
  readonly #told = new Map<string, { isTyping: boolean; at: number }>()

  constructor(options: { bus: EventBus; times?: SignalTimes }) {
    this.#bus = options.bus
    this.#times = options.times ?? { typingHoldsMs: 6_000, repeatAfterMs: 3_000 }
  }

  /** Of how many conversations something is known here. */
  get size(): number {
    return this.#rooms.size
  }

  /** Somebody has read up to this number. Ids are UUIDs. */
  markerMoved(conversationId: string, userId: string, upTo: number): void {
    this.#publish(conversationId, { kind: 'marker', userId, upTo })
  }

  /** Somebody types, or ceases to: also by sending their message. Saying the same again and again is not told again. */
  setTyping(conversationId: string, userId: string, isTyping: boolean): void {
    if (this.#wasJustTold(toldKey(conversationId, userId), isTyping)) return
    if (isTyping) this.#expectTyping(conversationId)
    this.#publish(conversationId, { kind: 'typing', userId, isTyping })
  }

  /** Who is known here to type in a conversation now. */
  typistsOf(conversationId: string): string[] {
    return this.#rooms.get(conversationId)?.typists.userIds ?? []
  }

  /** Calls `listener` for each marker, and when typing begins or ceases, until the returned function is called. */
  listen(conversationId: string, listener: (signal: Signal) => void): () => void {
    const room = this.#room(conversationId)
    room.listeners.add(listener)
    return () => {
      room.listeners.delete(listener)
      this.#closeIfIdle(conversationId)
    }
  }

  #publish(conversationId: string, signal: Signal): void {
    this.#bus.publish(topicOf(conversationId), signal)
  }

  #wasJustTold(key: string, isTyping: boolean): boolean {
    const now = performance.now()
    for (const [old, { at }] of this.#told) {
      if (now - at < this.#times.repeatAfterMs) break
      this.#told.delete(old)
    }
    if (this.#told.get(key)?.isTyping === isTyping) return true
    this.#told.delete(key)
    this.#told.set(key, { isTyping, at: now })
    return false
  }

  #expectTyping(conversationId: string): void {
    const room = this.#room(conversationId)
    clearTimeout(room.expected)
    room.expected = setTimeout(() => {
      room.expected = undefined
      this.#closeIfIdle(conversationId)
    }, this.#times.typingHoldsMs).unref()
  }

  #room(conversationId: string): Room {
    const known = this.#rooms.get(conversationId)
    if (known) return known
    const listeners: Room['listeners'] = new Set()
    const tell = (signal: Signal) => {
      for (const listener of listeners) listener(signal)
    }
    const typists = new Typists({
      holdsMs: this.#times.typingHoldsMs,
      onChange: (userId, isTyping) => {
        tell({ kind: 'typing', userId, isTyping })
        this.#closeIfIdle(conversationId)
      },
    })
    const unsubscribe = this.#subscribe(conversationId, tell, typists)
    const room: Room = { listeners, typists, unsubscribe, expected: undefined }
    this.#rooms.set(conversationId, room)
    return room
  }

  #subscribe(conversationId: string, tell: (signal: Signal) => void, typists: Typists): () => void {
    const closings = [
      this.#bus.subscribe(topicOf(conversationId), (payload) => {
        const { data: signal } = signalSchema.safeParse(payload)
        if (signal?.kind === 'marker') tell(signal)
        if (signal?.kind === 'typing') typists.say(signal.userId, signal.isTyping)
      }),
      this.#bus.subscribe(membershipEndsOf(conversationId), (payload) => {
        const { data: formerMember } = userId.safeParse(payload)
        if (formerMember === undefined) return
        this.#told.delete(toldKey(conversationId, formerMember))
        typists.say(formerMember, false)
      }),
    ]
    return () => {
      for (const close of closings) close()
    }
  }

  #closeIfIdle(conversationId: string): void {
    const room = this.#rooms.get(conversationId)
    if (!room || room.expected || room.listeners.size > 0 || room.typists.userIds.length > 0) return
    room.unsubscribe()
    this.#rooms.delete(conversationId)
  }
}

const toldKey = (conversationId: string, userId: string) => `${conversationId}/${userId}`
const topicOf = (conversationId: string) => `signals/${conversationId}`
