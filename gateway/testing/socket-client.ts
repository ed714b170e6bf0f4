import { once } from 'node:events'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import { type ClientOptions, WebSocket } from 'ws'
import type { GraphqlResult } from './graphql-result.ts'

/** A frame of graphql-transport-ws. */
export interface Frame {
  readonly type: string
  readonly id?: string
  readonly payload?: GraphqlResult
}

const TIMEOUT_MS = 5_000

/** A client of graphql-transport-ws that shows every frame, in order. */
export class SocketClient {
  readonly socket: WebSocket
  /** Resolves when the gateway, or anybody, has closed the socket. */
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #frames: Frame[] = []
  #arrived = Promise.withResolvers<void>()

  private constructor(url: string, options: ClientOptions) {
    this.socket = new WebSocket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL, options)
    this.closed = new Promise((resolve) =>
      this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
    )
    this.socket.on('message', (data) => {
      this.#frames.push(JSON.parse(String(data)))
      this.#arrived.resolve()
      this.#arrived = Promise.withResolvers()
    })
  }

  /** Opens a socket and says nothing on it. */
  static async open(url: string, options: ClientOptions = {}): Promise<SocketClient> {
    const client = new SocketClient(url, options)
    await once(client.socket, 'open')
    return client
  }

  /** Opens a socket and waits for its acknowledgement. */
  static async connect(url: string, payload?: object, options?: ClientOptions): Promise<SocketClient> {
    const client = await SocketClient.open(url, options)
    client.send({ type: 'connection_init', ...(payload && { payload }) })
    const frame = await client.next()
    if (frame.type !== 'connection_ack') throw new Error(`Expected connection_ack, got ${JSON.stringify(frame)}`)
    return client
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }

  subscribe(id: string, query: string, variables?: object): void {
    this.send({ type: 'subscribe', id, payload: { query, variables } })
  }

  ping(payload: object): void {
    this.send({ type: 'ping', payload })
  }

  /** The next frame; fails when none comes. */
  async next(): Promise<Frame> {
    while (this.#frames.length === 0) await withTimeout(this.#arrived.promise, 'No frame came.')
    return this.#frames.shift() as Frame
  }

  /** How it was closed; fails when it stays open. */
  whenClosed(): Promise<{ code: number; reason: string }> {
    return withTimeout(this.closed, 'The socket stayed open.')
  }

  async close(): Promise<void> {
    this.socket.close()
    await this.closed
  }
}

async function withTimeout<Value>(promise: Promise<Value>, complaint: string): Promise<Value> {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeout.reject(new Error(complaint)), TIMEOUT_MS)
  try {
    return await Promise.race([promise, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
