import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ExecutionArgs, FormattedExecutionResult } from 'graphql'
import { CloseCode, handleProtocols, makeServer, type ServerOptions, type SubscribePayload } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { BadUserInputError, SubgraphUnavailableError, UnauthenticatedError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import { type Metrics, observe } from '../../platform/metrics.ts'
import { requestIdFrom } from '../../platform/request-id.ts'
import { GRAPHQL_PATH } from '../http/graphql-path.ts'
import type { OriginPolicy } from '../http/origin-policy.ts'
import { authorizationIn } from '../identity/connection-params.ts'
import type { Refusals } from '../protection/refusals.ts'
import type { Admission, Refusal } from '../sessions/admission.ts'
import { CLIENT_PATIENCE, type ClientPatience } from '../sessions/client-patience.ts'
import { ClientSession, type OpenedOperation, type SessionServices } from '../sessions/client-session.ts'
import { Connections } from '../sessions/connections.ts'
import type { Drain } from '../sessions/drain.ts'
import { ClientSocket } from './client-socket.ts'
import { reconnectSoon, retryLater, TOO_SLOW, TRY_AGAIN_LATER } from './close-codes.ts'
import { ResultFrames } from './frames.ts'
import { clientsId } from './operation-ids.ts'
import { type PingPayload, serveProtocol } from './protocol.ts'
import { countCloses, NO_CODE } from './socket-metrics.ts'

/** Of one message from a client. */
const MAX_MESSAGE_BYTES = 64 * 1024

/** Of a ping's payload, as JSON: its pong repeats no more. A client that reads nothing makes us keep its pongs. */
const MAX_ECHO_BYTES = 1024

const INIT_MS = 3_000

const SOCKETS = {
  noServer: true,
  maxPayload: MAX_MESSAGE_BYTES,
  perMessageDeflate: false,
  /** How long a client may take to answer our goodbye, in milliseconds, and to take what waits before it. */
  closeTimeout: 5_000,
  handleProtocols,
}

interface SocketServerOptions extends SessionServices {
  readonly origins: OriginPolicy
  readonly admission: Admission
  readonly refusals: Refusals
  readonly metrics: Metrics
  readonly patience?: Partial<ClientPatience> | undefined
}

/** Serves operations of every kind over graphql-transport-ws, at the same path as HTTP. */
export class SocketServer {
  readonly #sockets = new WebSocketServer(SOCKETS)
  readonly #options: SocketServerOptions
  readonly #clients: Connections<ClientSocket>

  constructor(server: Server, options: SocketServerOptions) {
    this.#options = options
    this.#clients = new Connections(options.admission)
    const protocol = makeServer(this.#handlers())
    this.#sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
      // No closure below may have the request: it would live as long as the socket.
      const arrival = options.identification.arrivalOf(request)
      serveProtocol<ClientSocket>(socket, {
        server: protocol,
        extra: (send) => this.#clients.add(new ClientSocket(socket, arrival, send)),
        answerPing: (client, payload) => this.#answerPing(client, payload),
        tooSlow: (client) => client.close(TOO_SLOW, reconnectSoon()),
        patience: { ...CLIENT_PATIENCE, ...options.patience },
        logger: options.logger,
      })
    })
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#observe(options.metrics)
  }

  /** Sends every client elsewhere, one after the other, and takes no more; whoever has not left in time is cut off. */
  drain(withinMs: number): Drain {
    return this.#clients.drain(withinMs)
  }

  #observe(metrics: Metrics): void {
    const { subscriptions } = this.#options
    const gauges: [name: string, help: string, read: () => number][] = [
      ['sockets', 'Client sockets that are open.', () => this.#clients.size],
      ['subscriptions', 'Subscriptions that clients have open.', () => subscriptions.counts.streams],
      [
        'upstream_subscriptions',
        'Subscriptions at subgraphs; fewer while these are away or clients are slow.',
        () => subscriptions.counts.upstreamSubscriptions,
      ],
    ]
    for (const [name, help, read] of gauges) observe(metrics, { name: `parley_gateway_${name}`, help, read })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    destroyOnError(socket)
    const refusal = this.#refusal(request)
    if (refusal) refuse(socket, refusal)
    else
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#sockets.emit('connection', client, request))
  }

  #refusal({ url, headers }: IncomingMessage): Refusal | undefined {
    if (url?.split('?')[0] !== GRAPHQL_PATH) return { status: 404 }
    if (!this.#options.origins.allows(headers)) {
      this.#options.refusals.count('csrf')
      return { status: 403 }
    }
    if (this.#clients.isDraining) return { status: 503, retryAfterSeconds: 1 }
    return this.#options.admission.refuse()
  }

  #handlers(): ServerOptions<ConnectionParams, ClientSocket> {
    const { logger, metrics } = this.#options
    const requestIds = new WeakMap<SubscribePayload, string>()
    const countClose = countCloses(metrics)
    return {
      connectionInitWaitTimeout: INIT_MS,
      onConnect: ({ extra, connectionParams }) => this.#connect(extra, connectionParams),
      onSubscribe: ({ extra: client }, id, payload) => {
        const requestId = requestIdFrom(undefined)
        requestIds.set(payload, requestId)
        const opened = sessionOf(client).open(payload, requestId)
        if (!('outcome' in opened)) return opened
        if ('next' in opened.outcome) {
          return executionArgs(opened, new ResultFrames(clientsId(id), opened.outcome, client.send), this.#options)
        }
        client.answering(payload)
        return executionArgs(opened, opened.outcome, this.#options)
      },
      execute: outcomeOf,
      subscribe: outcomeOf,
      onComplete: ({ extra: client }, _id, payload) => client.answered(payload),
      // Results come formatted for the wire; graphql-ws would format their errors once more.
      onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
      onError: (_context, _id, payload, errors) =>
        errors.map((error) => toWireError(error, requestIds.get(payload) ?? 'unknown', logger)),
      onClose: ({ extra: client }, code) => {
        countClose(code ?? NO_CODE)
        client.gone()
        this.#clients.remove(client)
      },
    }
  }

  async #connect(client: ClientSocket, params: ConnectionParams): Promise<boolean> {
    try {
      const identified = await this.#options.identification.identify(client.arrival, authorizationIn(params))
      // A socket that closed in the meantime has had its onClose: a session for it would never end.
      if (!client.isOpen) return false
      const left = this.#options.admission.enter(identified)
      if (typeof left === 'object') {
        client.close(TRY_AGAIN_LATER, retryLater('TOO_MANY_SOCKETS', left.retryAfterSeconds * 1_000))
      } else client.begin(new ClientSession(identified, this.#options, () => forbid(client)), left)
      return client.isOpen
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) {
        const level = error instanceof SubgraphUnavailableError ? 'warn' : 'error'
        this.#options.logger[level]({ err: error }, 'a socket cannot be served')
        client.close(TRY_AGAIN_LATER, retryLater('UNAVAILABLE', 5_000))
      }
      return false
    }
  }

  /** A ping with an authorization renews the socket, and its pong says whether it did; any other small one is echoed. */
  async #answerPing({ session, arrival }: ClientSocket, payload: PingPayload): Promise<PingPayload> {
    const authorization = authorizationIn(payload)
    if (authorization === undefined) return isSmall(payload) ? payload : undefined
    try {
      if (!session) throw new BadUserInputError('Wait for connection_ack before you renew the socket.')
      const { viewer } = await session.renew(() => this.#options.identification.identify(arrival, authorization))
      return { renewed: true, ...(viewer && { expiresAt: viewer.expiresAt.toISOString() }) }
    } catch (error) {
      return { renewed: false, error: toWireError(error, requestIdFrom(undefined), this.#options.logger) }
    }
  }
}

type ConnectionParams = Record<string, unknown> | undefined

function sessionOf({ session }: ClientSocket): ClientSession {
  if (!session) throw new Error('An operation came before the socket was acknowledged.')
  return session
}

function forbid(client: ClientSocket): void {
  client.close(CloseCode.Forbidden, 'Forbidden')
}

function isSmall(payload: PingPayload): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(payload ?? {})) <= MAX_ECHO_BYTES
  } catch (error) {
    // What is nested too deep to be written overflows the stack.
    if (error instanceof RangeError) return false
    throw error
  }
}

/**
 * Node stops listening when it hands a socket over, and an error nobody listens to ends the process. In a function of its
 * own: a closure beside others would keep what those have, the request among it.
 */
function destroyOnError(socket: Duplex): void {
  socket.on('error', () => socket.destroy())
}

/** Does not wait for the other end to close as well. */
function refuse(socket: Duplex, { status, retryAfterSeconds }: Refusal): void {
  const hint = retryAfterSeconds === undefined ? '' : `Retry-After: ${retryAfterSeconds}\r\n`
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${hint}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** @param outcome of the operation, which runs already: graphql-ws has nothing to execute. */
function executionArgs(opened: OpenedOperation, outcome: unknown, { graphs }: SessionServices): ExecutionArgs {
  const { document, operationName = null } = opened
  return { schema: graphs.current.supergraph.clientSchema, document, operationName, contextValue: outcome }
}

function outcomeOf(args: ExecutionArgs) {
  return args.contextValue as ReturnType<NonNullable<ServerOptions['execute']>>
}
