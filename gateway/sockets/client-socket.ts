import { setImmediate as nextRound } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import type { Arrival } from '../identity/client.ts'
import type { ClientSession } from '../sessions/client-session.ts'
import type { Connection } from '../sessions/drain.ts'
import { reconnectSoon, SERVICE_RESTART } from './close-codes.ts'
import type { Send } from './frames.ts'

/** One client's socket, from the upgrade on. */
export class ClientSocket implements Connection {
  readonly arrival: Arrival
  readonly send: Send
  readonly #socket: WebSocket
  readonly #answering = new Set<object>()
  #whenAnswered = Promise.withResolvers<void>()
  #session: ClientSession | undefined
  #onGone: (() => void) | undefined

  constructor(socket: WebSocket, arrival: Arrival, send: Send) {
    this.#socket = socket
    this.arrival = arrival
    this.send = send
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  /** Undefined until the socket is acknowledged. */
  get session(): ClientSession | undefined {
    return this.#session
  }

  /** @param onGone called when the socket has closed. */
  begin(session: ClientSession, onGone: () => void): void {
    this.#session = session
    this.#onGone = onGone
  }

  /** @param operation a query or a mutation: any object that stands for it. */
  answering(operation: object): void {
    this.#answering.add(operation)
  }

  /** The operation's answer has been sent; others are not known here and change nothing. */
  answered(operation: object): void {
    if (!this.#answering.delete(operation) || this.#answering.size > 0) return
    this.#whenAnswered.resolve()
    this.#whenAnswered = Promise.withResolvers()
  }

  async allAnswered(): Promise<void> {
    // A round more, because the answer is followed by a frame that says so.
    for (; this.#answering.size > 0 && this.isOpen; await nextRound()) await this.#whenAnswered.promise
  }

  /** Says goodbye. What runs on it stops at once, and what it still sends is not looked at. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
    // One that is held back is not read from, and its answer to the goodbye would not be either.
    this.#socket.resume()
    this.#session?.end()
  }

  sendAway(): void {
    this.close(SERVICE_RESTART, reconnectSoon())
  }

  /** The socket has closed, by whomever. */
  gone(): void {
    this.#session?.end()
    this.#onGone?.()
    this.#answering.clear()
    this.#whenAnswered.resolve()
  }

  terminate(): void {
    this.#socket.terminate()
  }
}
