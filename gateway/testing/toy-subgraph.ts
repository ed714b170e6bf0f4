import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { composeServices } from '@apollo/composition'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { type ExecutionArgs, execute, type GraphQLSchema, parse } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { ToyStream } from './toy-stream.ts'

/** By type, then by field. */
type Resolvers = Record<string, Record<string, unknown>>

/** A real subgraph over HTTP and graphql-transport-ws that remembers what it was asked. */
export class ToySubgraph {
  readonly name: string
  readonly typeDefs: string
  /** Requests over HTTP, in the order they came. */
  readonly requests: { path: string; headers: IncomingHttpHeaders; body: string }[] = []
  /** Operations over the socket, in the order they came. */
  readonly operations: SubscribePayload[] = []
  /** Which of the sockets each of them came on: the first, the second … */
  readonly operationSockets: number[] = []
  /** What pings over the socket carried, in the order they came; those that carried nothing are left out. */
  readonly pings: Record<string, unknown>[] = []
  /** Set to have sockets wait for their acknowledgement. */
  hold: Promise<void> | undefined
  /** Set to answer a request in another way; return false to answer it as usual. */
  intercept: (response: ServerResponse) => boolean | Promise<boolean> = () => false
  readonly schema: GraphQLSchema
  #server: Server | undefined
  #sockets: WebSocketServer | undefined
  readonly #streams = new Set<ToyStream>()
  readonly #socketNumbers = new WeakMap<object, number>()
  #lastSocket = 0
  #port = 0

  constructor(name: string, typeDefs: string, resolvers: Resolvers) {
    this.name = name
    this.typeDefs = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n${typeDefs}`
    this.schema = buildSubgraphSchema([{ typeDefs: parse(this.typeDefs), resolvers: resolvers as never }])
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/graphql`
  }

  /** Sockets that gateways hold open to it. */
  get socketCount(): number {
    return this.#sockets?.clients.size ?? 0
  }

  /** Connections that anybody holds open to it, over HTTP and of sockets. */
  async connectionCount(): Promise<number> {
    if (!this.#server) return 0
    return promisify(this.#server.getConnections.bind(this.#server))()
  }

  /** Listens; once stopped, again on the same port. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response))
    this.#sockets = new WebSocketServer({ server, path: '/graphql' })
    useServer(
      {
        schema: this.schema,
        onConnect: async () => this.hold,
        onSubscribe: ({ extra }, _id, payload) => {
          this.operations.push(payload)
          this.operationSockets.push(this.#socketNumbers.get(extra.socket) ?? 0)
        },
        subscribe: (args) => this.#subscribe(args),
        onPing: (_context, payload) => {
          if (payload) this.pings.push(payload)
        },
      },
      this.#sockets,
    )
    this.#sockets.on('connection', (socket) => {
      this.#lastSocket += 1
      this.#socketNumbers.set(socket, this.#lastSocket)
    })
    this.#server = server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    return this
  }

  /** Tells every stream to be opened again over another connection, as a process does that stops. */
  drain(reconnectWithinMs: number): void {
    for (const stream of this.#streams) stream.drain(reconnectWithinMs)
    this.#streams.clear()
  }

  /** Cuts every socket, as a crash would. */
  cutSockets(): void {
    for (const socket of this.#sockets?.clients ?? []) socket.terminate()
  }

  async stop(): Promise<void> {
    if (!this.#server?.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cutSockets()
    this.#server.closeAllConnections()
    await closed
  }

  async #subscribe(args: ExecutionArgs) {
    const stream = await ToyStream.open(args)
    if (stream instanceof ToyStream) this.#streams.add(stream)
    return stream
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    this.requests.push({ path: request.url ?? '', headers: request.headers, body })
    if (await this.intercept(response)) return
    const { query, variables, operationName } = JSON.parse(body)
    const result = await execute({
      schema: this.schema,
      document: parse(query),
      variableValues: variables,
      operationName,
    })
    response.setHeader('content-type', 'application/json').end(JSON.stringify(result))
  }
}

/** The SDL that a gateway loads. */
export function compose(subgraphs: readonly Pick<ToySubgraph, 'name' | 'url' | 'typeDefs'>[]): string {
  const services = subgraphs.map(({ name, url, typeDefs }) => ({ name, url, typeDefs: parse(typeDefs) }))
  const { supergraphSdl, errors } = composeServices(services)
  if (errors) throw new AggregateError(errors, errors.join('\n'))
  return supergraphSdl
}
