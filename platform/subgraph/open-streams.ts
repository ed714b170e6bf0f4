import { setTimeout as delay } from 'node:timers/promises'
import { ApplicationError } from '../errors.ts'

/** The server stops; another one, or the same one a moment later, takes the subscription. */
export class ServerRestartsError extends ApplicationError {
  override readonly name = 'ServerRestartsError'

  constructor() {
    super('SUBGRAPH_UNAVAILABLE', 'This server restarts; subscribe again.')
  }
}

/** What every open stream can be told. */
export interface OpenStream {
  /** The server stops: it says so and ends. */
  drain(reconnectWithinMs: number): void
  /** It ends when its viewer is not signed in any more. */
  checkViewer(): void
}

/** How soon a client should be back elsewhere; at once would bring all of them at the same moment. */
export const RECONNECT_WITHIN_MS = 1_000

/** A stream is checked at every event too; this is for silent ones, which have five seconds. */
const CHECK_EVERY_MS = 2_000

/** The streams of a server that have not ended. */
export class OpenStreams {
  readonly #streams = new Set<OpenStream>()
  readonly #checking: NodeJS.Timeout
  readonly #allEnded = Promise.withResolvers<void>()
  #isDraining = false

  constructor() {
    this.#checking = setInterval(() => this.#checkViewers(), CHECK_EVERY_MS).unref()
  }

  get size(): number {
    return this.#streams.size
  }

  /** Whether new ones are told at once to go elsewhere. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  add(stream: OpenStream): void {
    this.#streams.add(stream)
    if (this.#isDraining) stream.drain(RECONNECT_WITHIN_MS)
  }

  delete(stream: OpenStream): void {
    this.#streams.delete(stream)
    if (this.#isDraining && this.#streams.size === 0) this.#allEnded.resolve()
  }

  /** Tells all to go elsewhere; resolves when they have ended, or the time is up. */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true
    if (this.#streams.size === 0) return
    for (const stream of this.#streams) stream.drain(RECONNECT_WITHIN_MS)
    await Promise.race([this.#allEnded.promise, delay(withinMs, undefined, { ref: false })])
  }

  /** Checks nobody any more. */
  stop(): void {
    clearInterval(this.#checking)
  }

  #checkViewers(): void {
    for (const stream of this.#streams) stream.checkViewer()
  }
}
