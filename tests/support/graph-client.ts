import type { FormattedExecutionResult } from 'graphql'
import { createClient, MessageType, stringifyMessage } from 'graphql-ws'
import { WebSocket } from 'ws'
import { EventStream } from './event-stream.ts'

/** What the graph answered to one operation. */
export interface GraphAnswer<Data> {
  readonly status: number
  readonly data: Data | null | undefined
  readonly errors: readonly GraphFailure[] | undefined
}

export interface GraphFailure {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions: { readonly code: string; readonly requestId: string }
}

/** How long a socket stays open when its last stream has ended. */
const LINGER_MS = 500

type Variables = Record<string, unknown>
type Frame<Event> = FormattedExecutionResult<Event>

/** A client of the gateway as an app has one: HTTP for operations, one graphql-ws socket for subscriptions. */
export class GraphClient implements AsyncDisposable {
  readonly endpoint: string
  readonly #token: string | undefined
  readonly #closed = Promise.withResolvers<number>()
  #connection: WebSocket | undefined
  readonly #socket: ReturnType<typeof createClient>

  constructor(origin: string, token?: string) {
    this.endpoint = `${origin}/graphql`
    this.#token = token
    this.#socket = createClient({
      url: this.endpoint.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      lazy: true,
      // The server may be about to say why it closes; whoever closes at once does not hear it.
      lazyCloseTimeout: LINGER_MS,
      on: {
        connected: (connection) => {
          this.#connection = connection as WebSocket
        },
        closed: (event) => this.#closed.resolve((event as CloseEvent).code),
      },
      retryAttempts: 0,
      ...(token && { connectionParams: { authorization: `Bearer ${token}` } }),
    })
  }

  /** The data of an operation that must succeed. */
  async run<Data>(document: string, variables: Variables = {}): Promise<Data> {
    const { data, errors } = await this.send<Data>(document, variables)
    if (errors || !data) throw new Error(`The operation failed: ${JSON.stringify(errors)}`)
    return data
  }

  /** The answer to an operation that may fail. */
  async send<Data>(document: string, variables: Variables = {}): Promise<GraphAnswer<Data>> {
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(this.#token && { authorization: `Bearer ${this.#token}` }) },
      body: JSON.stringify({ query: document, variables }),
    })
    const { data, errors } = (await response.json()) as { data?: Data; errors?: GraphFailure[] }
    return { status: response.status, data, errors }
  }

  /** The codes of the errors of an operation that must fail. */
  async codesOf(document: string, variables: Variables = {}): Promise<string[]> {
    const { errors } = await this.send(document, variables)
    return (errors ?? []).map(({ extensions }) => extensions.code)
  }

  /** Subscribes over the socket; nothing that arrives is missed. */
  subscribe<Data>(document: string, variables: Variables = {}): EventStream<Data> {
    return new EventStream<Data>((sink) => this.#socket.subscribe<Data>({ query: document, variables }, sink))
  }

  /** As subscribe, but an event is the value of the subscription's one field. */
  follow<Event>(document: string, variables: Variables = {}): EventStream<Event> {
    return new EventStream<Event>((sink) =>
      this.#socket.subscribe<Record<string, Event>>(
        { query: document, variables },
        {
          ...sink,
          next: (frame) => sink.next({ ...frame, data: frame.data && Object.values(frame.data)[0] } as Frame<Event>),
        },
      ),
    )
  }

  /** Sends a ping over the socket, which a subscription has opened; resolves with the payload of the pong. */
  ping(payload: Record<string, unknown>): Promise<unknown> {
    const pong = new Promise((resolve) => {
      const unlisten = this.#socket.on('pong', (received, answer) => {
        if (!received) return
        unlisten()
        resolve(answer)
      })
    })
    if (!this.#connection) throw new Error('No subscription has opened the socket yet.')
    this.#connection.send(stringifyMessage({ type: MessageType.Ping, payload }))
    return pong
  }

  /** The code that the socket is closed with, once it is. */
  closeCode(): Promise<number> {
    return this.#closed.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket.dispose()
  }
}
