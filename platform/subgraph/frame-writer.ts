import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'

/**
 * Writes frames to one socket, in the order in which they are given. Those of one tick leave together: an event for a
 * thousand streams of a socket would otherwise be a thousand calls of the kernel.
 */
export class FrameWriter {
  readonly #socket: WebSocket
  readonly #connection: Duplex
  #isCorked = false

  /** @param connection what carries the socket. */
  constructor(socket: WebSocket, connection: Duplex) {
    this.#socket = socket
    this.#connection = connection
  }

  /** Resolves when the kernel has taken the frame: to true, or to false when the socket is gone. */
  write(frame: string): Promise<boolean> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve(false)
    this.#cork()
    return new Promise((resolve) => this.#socket.send(frame, (error) => resolve(!error)))
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#connection.cork()
    // Comes when no promise has anything left to do.
    process.nextTick(() => {
      this.#isCorked = false
      this.#connection.uncork()
    })
  }
}
