import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { type Client, createClient, MessageType, type SubscribePayload, stringifyMessage } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Logger } from '../../platform/logging.ts'

/** Of one message from a subgraph. */
const MAX_MESSAGE_BYTES = 16_000_000

const CONNECT_MS = 5_000

/** A subgraph that leaves a ping unanswered for as long again is taken for dead. */
const PING_INTERVAL_MS = 12_000

/** How long a socket that carries no subscription stays open. */
const IDLE_MS = 30_000

/** Where the messages of one upstream subscription go. Exactly one of `complete`, `refused` and `lost` is the last. */
export interface UpstreamSink {
  next(result: FormattedExecutionResult): void
  complete(): void
  /** The subgraph ended it with errors. */
  refused(errors: readonly GraphQLFormattedError[]): void
  /** The connection is gone, or never came about. */
  lost(): void
}

/** The one connection to a subgraph that carries the subscriptions of all clients; opened by the first of them. */
export class UpstreamSocket {
  readonly #url: string
  readonly #logger: Logger
  readonly #sinks = new Set<UpstreamSink>()
  #client: Client | undefined
  /** The connection of that client once the subgraph has acknowledged it. */
  #socket: WebSocket | undefined
  #idle: NodeJS.Timeout | undefined

  /** @param url of the subgraph; the same path serves HTTP and graphql-transport-ws. */
  constructor(options: { url: string; logger: Logger }) {
    this.#url = options.url.replace(/^http/, 'ws')
    this.#logger = options.logger
  }

  /**
   * @param payload read when it is sent, which is after the connection was opened.
   * @returns unsubscribes; afterwards the sink hears nothing more.
   */
  subscribe(payload: SubscribePayload, sink: UpstreamSink): () => void {
    clearTimeout(this.#idle)
    this.#client ??= this.#connect()
    this.#sinks.add(sink)
    const end = (tell: () => void) => this.#forget(sink) && tell()
    const unsubscribe = this.#client.subscribe(payload, {
      next: (result) => this.#sinks.has(sink) && sink.next(result as FormattedExecutionResult),
      complete: () => end(() => sink.complete()),
      error: (error) => end(() => (Array.isArray(error) ? sink.refused(error) : sink.lost())),
    })
    return () => {
      this.#forget(sink)
      unsubscribe()
    }
  }

  /**
   * Sends a ping behind every operation that was subscribed to before. Without a connection none has been sent yet, and
   * no ping is.
   */
  ping(payload: Record<string, string>): void {
    const socket = this.#socket
    // graphql-ws sends an operation a few microtasks after it was told to.
    setImmediate(() => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(stringifyMessage({ type: MessageType.Ping, payload }))
    })
  }

  /** Drops the connection; what still runs on it is lost. */
  close(): void {
    clearTimeout(this.#idle)
    this.#client?.terminate()
  }

  #connect(): Client {
    const client = createClient({
      url: this.#url,
      webSocketImpl: UpstreamWebSocket,
      // The library's lazy mode re-subscribes by itself after a clean close, which would hide a gap: a client here
      // lives exactly as long as its connection.
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: () => {},
      connectionAckWaitTimeout: CONNECT_MS,
      keepAlive: PING_INTERVAL_MS,
      on: {
        connected: (socket) => {
          this.#socket = socket as WebSocket
        },
        closed: () => this.#dropped(client),
        ...terminateWhenSilent(() => client.terminate()),
      },
    })
    return client
  }

  #dropped(client: Client): void {
    void disposeQuietly(client)
    if (this.#client !== client) return
    this.#client = undefined
    this.#socket = undefined
    const lost = [...this.#sinks]
    this.#sinks.clear()
    if (lost.length > 0) this.#logger.warn({ url: this.#url, subscriptions: lost.length }, 'lost a subgraph socket')
    for (const sink of lost) sink.lost()
  }

  /** @returns whether the sink was still to be heard of. */
  #forget(sink: UpstreamSink): boolean {
    const known = this.#sinks.delete(sink)
    if (known && this.#sinks.size === 0) this.#idle = setTimeout(() => this.#closeIdle(), IDLE_MS).unref()
    return known
  }

  #closeIdle(): void {
    const client = this.#client
    this.#client = undefined
    this.#socket = undefined
    if (client) void disposeQuietly(client)
  }
}

class UpstreamWebSocket extends WebSocket {
  constructor(address: string, protocols: string) {
    super(address, protocols, {
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: CONNECT_MS,
      perMessageDeflate: false,
    })
    // graphql-ws stops listening when it terminates a connection, and an error nobody listens to ends the process.
    this.on('error', () => {})
  }
}

/** Disposing a client whose connection failed rejects with that failure, which its subscriptions have heard of. */
async function disposeQuietly(client: Client): Promise<void> {
  try {
    await client.dispose()
  } catch {}
}

function terminateWhenSilent(terminate: () => void) {
  let silence: NodeJS.Timeout | undefined
  return {
    ping: (received: boolean) => {
      if (!received) silence = setTimeout(terminate, PING_INTERVAL_MS).unref()
    },
    pong: (received: boolean) => {
      if (received) clearTimeout(silence)
    },
  }
}
