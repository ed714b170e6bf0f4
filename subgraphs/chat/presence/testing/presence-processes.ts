import { afterEach, beforeEach, vi } from 'vitest'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import { MemoryEventBus } from '../../../../platform/event-bus/memory-event-bus.ts'
import { PresenceBoard } from '../presence-board.ts'

export const SECOND = 1_000
export const MINUTE = 60_000

/** Lets so many milliseconds pass; with vitest's fake timers alone. */
export const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

/** Lets as much time pass as a message takes. */
export const delivery = () => pass(1)

/** The boards of several processes on one bus. */
export class PresenceProcesses implements AsyncDisposable {
  readonly bus = new MemoryEventBus()
  readonly boards: PresenceBoard[] = []
  /** What was to be stored, in all processes together. */
  readonly recorded: [userId: string, seenAt: number][] = []

  /** Starts one more process. */
  start(line: EventBus = this.bus): PresenceBoard {
    const record = (userId: string, seenAt: Date) => void this.recorded.push([userId, seenAt.getTime()])
    const board = new PresenceBoard({ bus: line, lastSeen: { record } })
    this.boards.push(board)
    return board
  }

  /** Somebody's status in each process. */
  statuses(userId: string): string[] {
    return this.boards.map((board) => board.of(userId).status)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const board of this.boards) await board[Symbol.asyncDispose]()
    await this.bus[Symbol.asyncDispose]()
  }
}

/** For every test that follows: a clock that only the test moves, and the processes that it starts. */
export function processesOfEachTest() {
  let processes = new PresenceProcesses()
  beforeEach(() => {
    vi.useFakeTimers()
    processes = new PresenceProcesses()
  })
  afterEach(async () => {
    await processes[Symbol.asyncDispose]()
    vi.useRealTimers()
  })
  return {
    startProcess: (line?: EventBus) => processes.start(line),
    statuses: (userId: string) => processes.statuses(userId),
    current: () => processes,
  }
}

/** The statuses that somebody who watches this person there is told of. */
export function statusesTold(board: PresenceBoard, userId: string): string[] {
  const told: string[] = []
  board.watch([userId], () => told.push(board.of(userId).status))
  return told
}

/** One process's connection to the bus of all, which may break without a word. */
export class BreakableLine implements EventBus {
  readonly #bus: EventBus
  isCut = false

  constructor(bus: EventBus) {
    this.#bus = bus
  }

  publish(topic: string, payload: unknown): void {
    if (!this.isCut) this.#bus.publish(topic, payload)
  }

  subscribe(topic: string, listener: (payload: unknown) => void): () => void {
    return this.#bus.subscribe(topic, (payload) => {
      if (!this.isCut) listener(payload)
    })
  }

  /** It breaks without a word. */
  onInterruption(): () => void {
    return () => undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
