import type { AddressInfo } from 'node:net'
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { ConfigurationError } from './environment.ts'
import { ApplicationError, BadUserInputError, NotFoundError } from './errors.ts'
import { toWireError } from './graphql-errors.ts'
import { measureHttp } from './http-metrics.ts'
import { inLogScope } from './log-scope.ts'
import type { Logger } from './logging.ts'
import { type Metrics, serveMetrics } from './metrics.ts'
import { requestIdFrom } from './request-id.ts'
import { RequestsInFlight } from './requests-in-flight.ts'
import { ShutdownTime } from './shutdown-time.ts'

/** 1 MB: the largest request body any of our services reads. */
const DEFAULT_BODY_LIMIT = 1_000_000
/** How long a client may take to send its request. */
const REQUEST_TIMEOUT_MS = 15_000
/** How often Node looks for clients that take longer; by itself it does so every half minute. */
const REQUESTS_CHECKED_EVERY_MS = 2_500
/**
 * How long a process of its own keeps connections on which nothing is asked when it stops, in milliseconds: gateways and balancers
 * use theirs once more meanwhile, and are told that they end.
 */
export const FAREWELL_MS = 1_000
/** How long a client may take nothing of what waits for it. */
const STALLED_MS = 30_000

/**
 * The HTTP server every process starts from: request ids accepted and echoed, `/health` (the process is alive),
 * `/ready` (what it needs is there), and every failure answered as GraphQL errors in JSON, never with a stack.
 *
 * @param options.bodyLimit bytes; a larger body is 413.
 * @param options.metrics what `/metrics` tells; the requests to this server are counted there.
 * @param options.stalledMs after which a client is cut off that takes nothing of its answer; 30,000 when not given. Streams,
 *   which are not written whole, see to it themselves.
 * @param options.farewellMs for which idle connections stay when the server closes, so that their clients may leave; 0 when not
 *   given.
 * @param options.ready rejects, or throws, while the process cannot do its work; then `/ready` is 503.
 * @param options.shutdown once it has begun `/ready` is 503 and connections end with their next answer, so that new ones
 *   are made elsewhere; everything else is served as always. `close()` waits for requests without an answer as long as
 *   there is time left.
 */
export function createHttpServer(options: {
  logger: Logger
  bodyLimit?: number
  ready: () => Promise<void> | void
  metrics?: Metrics | undefined
  stalledMs?: number | undefined
  farewellMs?: number | undefined
  shutdown?: ShutdownTime
}): FastifyInstance {
  const shutdown = options.shutdown ?? new ShutdownTime()
  const server = fastify({
    logger: false,
    bodyLimit: options.bodyLimit ?? DEFAULT_BODY_LIMIT,
    genReqId: (request) => requestIdFrom(request.headers['x-request-id']),
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: REQUESTS_CHECKED_EVERY_MS,
    },
    forceCloseConnections: true,
    // What still comes while the server closes is answered, and not with a body that no client of ours knows.
    return503OnClosing: false,
  })
  const requests = new RequestsInFlight(server, {
    stalledMs: options.stalledMs ?? STALLED_MS,
    farewellMs: options.farewellMs ?? 0,
  })
  if (options.metrics) measureHttp(server, options.metrics)
  server.addHook('preClose', () => requests.finish(shutdown.leftMs))
  server.addHook('onSend', async (_request, reply) => {
    if (shutdown.hasBegun) reply.header('connection', 'close')
  })
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  // Not before the body was read: what follows is called by its stream, which belongs to no request.
  server.addHook('preValidation', (request, _reply, done) => inLogScope({ requestId: request.id }, done))
  server.setErrorHandler<FastifyError>((error, request, reply) => {
    reply.status(statusOf(error)).send({ errors: [toWireError(explain(error), request.id, options.logger)] })
  })
  server.setNotFoundHandler((request, reply) => {
    reply.status(404).send({ errors: [toWireError(new NotFoundError('page'), request.id, options.logger)] })
  })
  if (options.metrics) serveMetrics(server, options.metrics)
  server.get('/health', async () => ({ status: 'alive' }))
  server.get('/ready', (request, reply) =>
    shutdown.hasBegun ? reply.status(503).send({ status: 'draining' }) : tellReadiness(request.id, reply, options),
  )
  return server
}

async function tellReadiness(
  requestId: string,
  reply: FastifyReply,
  { ready, logger }: { ready: () => Promise<void> | void; logger: Logger },
): Promise<FastifyReply> {
  try {
    await ready()
    return reply.send({ status: 'ready' })
  } catch (error) {
    logger.warn({ err: error, requestId }, 'not ready')
    return reply.status(503).send({ status: 'not ready' })
  }
}

/**
 * Listens and tells where.
 *
 * @param address.port 0 takes any free port.
 * @param address.variable the environment variable to name when the port is taken.
 * @throws ConfigurationError when the address cannot be bound.
 */
export async function listen(
  server: FastifyInstance,
  address: { host: string; port: number; variable: string },
): Promise<{ url: string; port: number }> {
  try {
    await server.listen({ host: address.host, port: address.port })
  } catch (error) {
    throw new ConfigurationError(cannotBind(error as NodeJS.ErrnoException, address), { cause: error })
  }
  const { port } = server.server.address() as AddressInfo
  return { url: `http://${reachable(address.host)}:${port}`, port }
}

function cannotBind(error: NodeJS.ErrnoException, { host, port, variable }: Parameters<typeof listen>[1]): string {
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} is already taken; stop the other program or set ${variable} to a free port`,
    EACCES: `port ${port} needs privileges this user lacks; set ${variable} to a port above 1023`,
    EADDRNOTAVAIL: `the address ${host} is not one of this machine's; change HOST`,
    ENOTFOUND: `the address ${host} is unknown; change HOST`,
  }
  const isAboutHost = error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND'
  return `${isAboutHost ? 'HOST' : variable}: ${reasons[error.code ?? ''] ?? error.message}`
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function statusOf(error: FastifyError): number {
  if (error instanceof ApplicationError) return HTTP_STATUS[error.code] ?? 500
  return error.statusCode ?? 500
}

const HTTP_STATUS: Partial<Record<ApplicationError['code'], number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  RATE_LIMITED: 429,
  SUBGRAPH_UNAVAILABLE: 503,
}

const INVALID_JSON = new Set(['FST_ERR_CTP_INVALID_JSON_BODY', 'FST_ERR_CTP_EMPTY_JSON_BODY'])

/** Fastify's own complaints about a request are safe to show; in our words where the caller can act on them. */
function explain(error: FastifyError): Error {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new BadUserInputError('The request body is too large.')
  if (INVALID_JSON.has(error.code)) {
    return new BadUserInputError('The request body is not valid JSON.')
  }
  const clientsFault = error.statusCode !== undefined && error.statusCode < 500
  return clientsFault && !(error instanceof ApplicationError) ? new BadUserInputError(error.message) : error
}
