import type { GraphQLFormattedError } from 'graphql'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, type SubscribePayload } from 'graphql-ws'
import { WebSocket } from 'ws'
import {
  completeFrame,
  cutNextFrame,
  INIT_FRAME,
  parseFrame,
  pingFrame,
  pongFrame,
  subscribeFrame,
  type UpstreamFrame,
} from './upstream-protocol.ts'

/**
 * Of one message from a subgraph. A longer one cuts the connection, and with it the streams of everybody; so this is far
 * above what our subgraphs write for one event: 4,000,000 characters of at most three bytes.
 */
const MAX_MESSAGE_BYTES = 32_000_000

/** For the connection, and again for its acknowledgement. */
const CONNECT_MS = 5_000

/** A subgraph that has said nothing at all between two pings is taken for dead. */
const PING_INTERVAL_MS = 12_000

/** Where the messages of one upstream subscription go. Exactly one of `complete`, `refused` and `lost` is the last. */
export interface UpstreamSink {
  /** The operation was handed to the connection, which stood and was not closing. */
  sent(): void
  /**
   * @param payload an execution result as JSON.
   * @throws SyntaxError when it is not JSON. Whatever else it throws cuts the connection as well.
   */
  next(payload: string): void
  complete(): void
  /** The subgraph ended it with errors. */
  refused(errors: readonly GraphQLFormattedError[]): void
  /** The connection is gone, or never came about, and with it so many subscriptions. */
  lost(together: number): void
}

/** What a connection tells whom it belongs to. */
export interface ConnectionEvents {
  /** The subgraph has acknowledged it: operations are sent from now on. */
  onReady(): void
  /** It carries nothing any more. */
  onIdle(): void
  /** What the subgraph said could not be understood; then the connection is cut. */
  onNonsense(error: unknown): void
  /** Called once, before its subscriptions hear of it; `lost` are those that ran. */
  onClosed(lost: number): void
}

/** In milliseconds; what is left out is as in production. */
export interface ConnectionTimes {
  readonly connectMs?: number
  readonly pingIntervalMs?: number
}

/** One subscription on the connection. */
interface Running {
  readonly sink: UpstreamSink
  readonly payload: () => SubscribePayload
}

/** One connection of graphql-transport-ws to a subgraph. It carries any number of subscriptions. */
export class UpstreamConnection {
  readonly #socket: WebSocket
  readonly #events: ConnectionEvents
  readonly #running = new Map<string, Running>()
  readonly #pingIntervalMs: number
  #isReady = false
  #isClosed = false
  #isSilent = false
  #waiting: NodeJS.Timeout
  #lastId = 0

  /** @param url `ws:` or `wss:`. */
  constructor(url: string, events: ConnectionEvents, times: ConnectionTimes = {}) {
    const { connectMs = CONNECT_MS, pingIntervalMs = PING_INTERVAL_MS } = times
    this.#events = events
    this.#pingIntervalMs = pingIntervalMs
    this.#socket = new WebSocket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL, {
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: connectMs,
      perMessageDeflate: false,
    })
    this.#waiting = setTimeout(() => this.terminate(), connectMs).unref()
    this.#socket.on('open', () => {
      this.#waiting.refresh()
      this.#send(INIT_FRAME)
    })
    this.#socket.on('message', (data) => this.#hear(String(data)))
    // What went wrong is followed by a close.
    this.#socket.on('error', () => {})
    this.#socket.once('close', () => this.#closed())
  }

  /** Whether the subgraph has acknowledged it, even if it has closed since. */
  get wasReady(): boolean {
    return this.#isReady
  }

  /** Whether it takes subscriptions: it stands, or is being opened. One that closes would drop what is sent. */
  get isUsable(): boolean {
    const { readyState } = this.#socket
    return readyState === WebSocket.OPEN || readyState === WebSocket.CONNECTING
  }

  /** How many subscriptions it carries. */
  get size(): number {
    return this.#running.size
  }

  /**
   * @param payload asked for when the operation is sent, which is after the connection was acknowledged.
   * @returns unsubscribes; afterwards the sink hears nothing more.
   */
  subscribe(payload: () => SubscribePayload, sink: UpstreamSink): () => void {
    this.#lastId += 1
    const id = String(this.#lastId)
    const running = { sink, payload }
    this.#running.set(id, running)
    if (this.#isReady) this.#start(id, running)
    return () => {
      if (!this.#forget(id)) return
      if (this.#isReady) this.#send(completeFrame(id))
      this.#noteIdle()
    }
  }

  /** Sends a ping behind every operation that was subscribed to before. */
  ping(payload: Record<string, string>): void {
    if (this.#isReady) this.#send(pingFrame(payload))
  }

  /** Says goodbye; there must be no subscription left. */
  close(): void {
    this.#socket.close(1000)
  }

  /** Cuts the connection; what still runs on it is lost. */
  terminate(): void {
    this.#socket.terminate()
  }

  #hear(text: string): void {
    this.#isSilent = false
    try {
      const cut = cutNextFrame(text)
      if (cut && this.#tryToTell(cut)) return
      this.#tell(parseFrame(text))
    } catch (error) {
      // It does not speak the protocol, so nothing that it says can be trusted; and nobody else would catch this.
      this.#events.onNonsense(error)
      this.terminate()
    }
  }

  /** @returns false when what was cut out is not JSON. */
  #tryToTell(cut: UpstreamFrame): boolean {
    try {
      this.#tell(cut)
      return true
    } catch (error) {
      if (error instanceof SyntaxError) return false
      throw error
    }
  }

  #tell(frame: UpstreamFrame): void {
    if (frame.type === 'next') this.#running.get(frame.id)?.sink.next(frame.payload)
    if (frame.type === 'error') this.#refuse(frame.id, frame.errors)
    if (frame.type === 'complete') this.#complete(frame.id)
    if (frame.type === 'ping') this.#send(pongFrame(frame.payload))
    if (frame.type === 'ack') this.#ready()
  }

  #ready(): void {
    if (this.#isReady || this.#isClosed) return
    this.#isReady = true
    clearTimeout(this.#waiting)
    this.#waiting = setInterval(() => this.#breathe(), this.#pingIntervalMs).unref()
    this.#events.onReady()
    // A subscription that is added meanwhile starts by itself.
    for (const [id, running] of [...this.#running]) if (this.#running.has(id)) this.#start(id, running)
  }

  #start(id: string, { payload, sink }: Running): void {
    if (this.#send(subscribeFrame(id, payload()))) sink.sent()
  }

  #breathe(): void {
    if (this.#isSilent) this.terminate()
    this.#isSilent = true
    this.#send(pingFrame())
  }

  #refuse(id: string, errors: readonly GraphQLFormattedError[]): void {
    this.#forget(id)?.sink.refused(errors)
    this.#noteIdle()
  }

  #complete(id: string): void {
    this.#forget(id)?.sink.complete()
    this.#noteIdle()
  }

  #forget(id: string): Running | undefined {
    const running = this.#running.get(id)
    this.#running.delete(id)
    return running
  }

  #noteIdle(): void {
    if (this.#running.size === 0 && !this.#isClosed) this.#events.onIdle()
  }

  #closed(): void {
    this.#isClosed = true
    clearTimeout(this.#waiting)
    const lost = [...this.#running.values()]
    this.#running.clear()
    this.#events.onClosed(lost.length)
    for (const { sink } of lost) sink.lost(lost.length)
  }

  /** @returns false when the connection does not stand; what ran on it will be lost. */
  #send(frame: string): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false
    this.#socket.send(frame)
    return true
  }
}
