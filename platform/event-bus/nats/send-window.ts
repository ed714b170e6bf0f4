import type { NatsConnection } from '@nats-io/transport-node'

/** The server confirms each so many bytes, and is sent no more while so many are not confirmed. */
const CONFIRMED_BYTES = 1_048_576
const MOST_UNCONFIRMED_BYTES = 16 * CONFIRMED_BYTES

/** How much a server may be sent before it has confirmed what came before: one that is slow must not fill our memory. */
export class SendWindow {
  readonly #connection: NatsConnection
  #unconfirmedBytes = 0
  #isConfirming = false

  constructor(connection: NatsConnection) {
    this.#connection = connection
  }

  /** Whether so many bytes more may be sent; they then count as sent. */
  admits(bytes: number): boolean {
    if (this.#unconfirmedBytes + bytes > MOST_UNCONFIRMED_BYTES) return false
    this.#unconfirmedBytes += bytes
    if (this.#unconfirmedBytes >= CONFIRMED_BYTES) void this.#confirm()
    return true
  }

  async #confirm(): Promise<void> {
    if (this.#isConfirming) return
    this.#isConfirming = true
    const bytes = this.#unconfirmedBytes
    if (await flushed(this.#connection)) this.#unconfirmedBytes -= bytes
    this.#isConfirming = false
  }
}

/** Whether the server has taken all that was sent. */
export function flushed(connection: NatsConnection): Promise<boolean> {
  return connection.flush().then(
    () => true,
    () => false,
  )
}
