import { on, once } from 'node:events'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, type SubscribePayload } from 'graphql-ws'
import { WebSocket } from 'ws'

/** A message of the protocol, as far as tests look at it. */
export interface Frame {
  readonly type: string
  readonly id?: string
  readonly payload?: {
    readonly data?: Record<string, unknown> | null
    readonly errors?: { readonly message: string; readonly extensions: { readonly code: string } }[]
    readonly extensions?: Record<string, unknown>
  }
}

/** The other end of a subgraph's socket. */
export class GatewayEnd {
  readonly socket: WebSocket
  /** The code and the reason that the server closes with. */
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #messages: AsyncIterator<unknown[]>

  private constructor(socket: WebSocket) {
    this.socket = socket
    this.#messages = on(socket, 'message')
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
    })
  }

  /** @param url of the subgraph. */
  static async connect(url: string): Promise<GatewayEnd> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, GRAPHQL_TRANSPORT_WS_PROTOCOL)
    const end = new GatewayEnd(socket)
    await once(socket, 'open')
    end.send({ type: 'connection_init' })
    await end.next()
    return end
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }

  subscribe(id: string, payload: SubscribePayload): void {
    this.send({ type: 'subscribe', id, payload })
  }

  async nextText(): Promise<string> {
    const { value } = await this.#messages.next()
    return String(value[0])
  }

  async next(): Promise<Frame> {
    return JSON.parse(await this.nextText())
  }

  /** The next so many frames. */
  async take(count: number): Promise<Frame[]> {
    const frames: Frame[] = []
    while (frames.length < count) frames.push(await this.next())
    return frames
  }
}
