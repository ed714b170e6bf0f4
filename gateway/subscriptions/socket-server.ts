import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionArgs, FormattedExecutionResult } from 'graphql'
import { CloseCode, handleProtocols, makeServer, type ServerOptions, type SubscribePayload } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { BadUserInputError, UnauthenticatedError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import { requestIdFrom } from '../../platform/request-id.ts'
import { GRAPHQL_PATH } from '../http/graphql-path.ts'
import type { OriginPolicy } from '../http/origin-policy.ts'
import { authorizationIn } from '../identity/connection-params.ts'
import { ClientSession, type OpenedOperation, type SessionServices } from './client-session.ts'
import { type PingPayload, serveProtocol } from './protocol.ts'

/** Of one message from a client. */
const MAX_MESSAGE_BYTES = 64 * 1024

/** Of a ping's payload, as JSON: its pong repeats no more. A client that reads nothing makes us keep its pongs. */
const MAX_ECHO_BYTES = 1024

const INIT_MS = 3_000

const PING_INTERVAL_MS = 12_000

/** RFC 6455 §7.4 registry: the service restarts, and the service is overloaded. */
const SERVICE_RESTART = 1012
const TRY_AGAIN_LATER = 1013

/** Clients of a gateway that shuts down come back within this time, spread over it. */
const RECONNECT_WITHIN_MS = 5_000

interface SocketServerOptions extends SessionServices {
  readonly origins: OriginPolicy
}

/** Serves operations of every kind over graphql-transport-ws, at the same path as HTTP. */
export class SocketServer {
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols,
  })
  readonly #options: SocketServerOptions
  #draining = false

  constructor(server: Server, options: SocketServerOptions) {
    this.#options = options
    const protocol = makeServer(this.#handlers())
    this.#sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
      const extra: SocketExtra = { socket, request }
      const answerPing = (payload: PingPayload) => this.#answerPing(extra, payload)
      const { logger } = options
      serveProtocol(socket, { server: protocol, extra, answerPing, pingIntervalMs: PING_INTERVAL_MS, logger })
    })
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** Sends every client elsewhere; whoever has not left in time is cut off. */
  async drain(withinMs: number): Promise<void> {
    this.#draining = true
    const gone = [...this.#sockets.clients].map((client) => new Promise((resolve) => client.once('close', resolve)))
    for (const client of this.#sockets.clients) {
      client.close(SERVICE_RESTART, JSON.stringify({ reconnectWithinMs: RECONNECT_WITHIN_MS }))
    }
    await Promise.race([Promise.all(gone), delay(withinMs, undefined, { ref: false })])
    for (const client of this.#sockets.clients) client.terminate()
    await Promise.all(gone)
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node stops listening when it hands a socket over, and an error nobody listens to ends the process.
    socket.on('error', () => socket.destroy())
    const refusal = this.#refusal(request)
    if (refusal) refuse(socket, refusal)
    else
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#sockets.emit('connection', client, request))
  }

  #refusal({ url, headers }: IncomingMessage): string | undefined {
    if (url?.split('?')[0] !== GRAPHQL_PATH) return '404 Not Found'
    if (!this.#options.origins.allows(headers)) return '403 Forbidden'
    return this.#draining ? '503 Service Unavailable' : undefined
  }

  #handlers(): ServerOptions<ConnectionParams, SocketExtra> {
    const { logger } = this.#options
    const requestIds = new WeakMap<SubscribePayload, string>()
    return {
      connectionInitWaitTimeout: INIT_MS,
      onConnect: ({ extra, connectionParams }) => this.#connect(extra, connectionParams),
      onSubscribe: ({ extra }, _id, payload) => {
        const requestId = requestIdFrom(undefined)
        requestIds.set(payload, requestId)
        const opened = sessionOf(extra).open(payload, requestId)
        return 'outcome' in opened ? executionArgs(opened, this.#options) : opened
      },
      execute: outcomeOf,
      subscribe: outcomeOf,
      // Results come formatted for the wire; graphql-ws would format their errors once more.
      onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
      onError: (_context, _id, payload, errors) =>
        errors.map((error) => toWireError(error, requestIds.get(payload) ?? 'unknown', logger)),
      onClose: ({ extra }) => extra.session?.end(),
    }
  }

  async #connect(extra: SocketExtra, params: ConnectionParams): Promise<boolean> {
    try {
      const client = await this.#options.identification.identify(extra.request, authorizationIn(params))
      // A socket that closed in the meantime has had its onClose: a session for it would never end.
      if (extra.socket.readyState !== extra.socket.OPEN) return false
      extra.session = new ClientSession(client, this.#options, () =>
        extra.socket.close(CloseCode.Forbidden, 'Forbidden'),
      )
      return true
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) extra.socket.close(TRY_AGAIN_LATER, 'Try again later')
      return false
    }
  }

  /** A ping with an authorization renews the socket, and its pong says whether it did; any other small one is echoed. */
  async #answerPing({ session, request }: SocketExtra, payload: PingPayload): Promise<PingPayload> {
    const authorization = authorizationIn(payload)
    if (authorization === undefined) return isSmall(payload) ? payload : undefined
    try {
      if (!session) throw new BadUserInputError('Wait for connection_ack before you renew the socket.')
      const { viewer } = await session.renew(() => this.#options.identification.identify(request, authorization))
      return { renewed: true, ...(viewer && { expiresAt: viewer.expiresAt.toISOString() }) }
    } catch (error) {
      return { renewed: false, error: toWireError(error, requestIdFrom(undefined), this.#options.logger) }
    }
  }
}

type ConnectionParams = Record<string, unknown> | undefined

interface SocketExtra {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  session?: ClientSession
}

function sessionOf({ session }: SocketExtra): ClientSession {
  if (!session) throw new Error('An operation came before the socket was acknowledged.')
  return session
}

function isSmall(payload: PingPayload): boolean {
  return Buffer.byteLength(JSON.stringify(payload ?? {})) <= MAX_ECHO_BYTES
}

/** Does not wait for the other end to close as well. */
function refuse(socket: Duplex, status: string): void {
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** The operation already runs: what graphql-ws would execute is its outcome. */
function executionArgs(opened: OpenedOperation, { supergraph }: SessionServices): ExecutionArgs {
  const { document, operationName = null, outcome } = opened
  return { schema: supergraph.clientSchema, document, operationName, contextValue: outcome }
}

function outcomeOf(args: ExecutionArgs) {
  return args.contextValue as ReturnType<NonNullable<ServerOptions['execute']>>
}
