import type { FastifyInstance } from 'fastify'
import type { EventBus } from '../platform/event-bus/event-bus.ts'
import { observeEventBus } from '../platform/event-bus/observe-event-bus.ts'
import { createHttpServer, listen } from '../platform/http-server.ts'
import { createLogger, type Logger } from '../platform/logging.ts'
import { createMetrics, type Metrics } from '../platform/metrics.ts'
import { openRateLimiters } from '../platform/rate-limiter.ts'
import { signerWith } from '../platform/service-signature.ts'
import { ShutdownTime } from '../platform/shutdown-time.ts'
import type { GrantedPolicies } from './authorization/authorization.ts'
import type { GatewayConfig } from './config.ts'
import { OperationMetrics } from './execution/operation-metrics.ts'
import { explorerPage } from './http/explorer.ts'
import { addGraphqlEndpoint } from './http/graphql-endpoint.ts'
import { HttpStreams } from './http/http-streams.ts'
import { OriginPolicy } from './http/origin-policy.ts'
import { addSecurityHeaders } from './http/security-headers.ts'
import { type Identity, openIdentity } from './identity/identity.ts'
import { MutationRate } from './protection/mutation-rate.ts'
import { Refusals } from './protection/refusals.ts'
import { LiveGraph } from './serving/live-graph.ts'
import { Admission } from './sessions/admission.ts'
import type { ClientPatience } from './sessions/client-patience.ts'
import { SocketServer } from './sockets/socket-server.ts'

export interface RunningGateway extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /**
   * Reads the supergraph again, and whatever is read with it, also when the file has not changed. Never rejects: one that
   * cannot be served is told of in the log, and changes nothing.
   */
  reload(): Promise<void>
}

/** What tests put in the place of the real thing. */
export interface GatewayOverrides {
  readonly logger?: Logger
  readonly now?: () => Date
  /** Rings when a session was ended; without it the gateway finds out within a second. */
  readonly bus?: EventBus
  /** How long clients have on their sockets and streams. */
  readonly patience?: Partial<ClientPatience>
  /** For which idle connections stay when it stops, in milliseconds; 0 when not given. */
  readonly farewellMs?: number
  /** Which of the policies that the supergraph names a viewer is granted; without it none are, to anybody. */
  readonly policies?: GrantedPolicies
}

/** What every part is given. */
interface Tools {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly now: () => Date
}

/** What is counted of clients, for all transports and whatever supergraph is served. */
interface Rates extends AsyncDisposable {
  readonly mutationRate: MutationRate
}

/**
 * Serves a supergraph over HTTP, with streams as server-sent events and multipart bodies, and graphql-transport-ws.
 *
 * @throws ConfigurationError when the supergraph cannot be loaded or the port not be bound.
 */
export async function startGateway(config: GatewayConfig, overrides: GatewayOverrides = {}): Promise<RunningGateway> {
  const { host, port, logLevel: level, logFormat: format } = config
  const logger = overrides.logger ?? createLogger({ name: 'gateway', level, format })
  const tools = { logger, metrics: createMetrics('gateway'), now: overrides.now ?? (() => new Date()) }
  if (overrides.bus) observeEventBus(tools.metrics, overrides.bus)
  const signer = signerWith(config.serviceSecret, tools.now)
  const graphs = await LiveGraph.open({ config, signer, policies: overrides.policies, ...tools })
  const identity = openIdentity({
    config: config.identity,
    trustedProxies: config.trustedProxies,
    signer,
    bus: overrides.bus,
    ...tools,
  })
  const shutdown = new ShutdownTime(config.shutdownGraceMs)
  const server = createHttpServer({
    logger,
    metrics: tools.metrics,
    bodyLimit: config.limits.bodyBytes,
    ready: () => identity.ready(),
    stalledMs: overrides.patience?.stalledMs,
    farewellMs: overrides.farewellMs,
    shutdown,
  })
  const rates = await openRates(config, tools)
  const { patience } = overrides
  const transports = serveTransports(config, { ...rates, ...identity, ...tools, graphs, patience }, server)
  const stop = async () => {
    shutdown.begin()
    const drains = transports.map((transport) => transport.drain(shutdown.leftMs))
    // Until then requests are served as always. Those who do not say goodbye take none of the time that answers need.
    await Promise.all(drains.map(({ told }) => told))
    await Promise.all([...drains.map(({ over }) => over), server.close()])
    await Promise.all([graphs, rates, identity].map((part) => part[Symbol.asyncDispose]()))
  }
  try {
    const bound = await listen(server, { host, port, variable: 'PORT' })
    logger.info({ url: bound.url }, 'listening')
    return { ...bound, reload: () => graphs.reload({ evenIfSame: true }), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openRates({ redisUrl, limits }: GatewayConfig, { logger, metrics }: Tools): Promise<Rates> {
  const limiters = await openRateLimiters({ redisUrl, logger, metrics })
  return {
    mutationRate: new MutationRate(limiters, limits.mutationsPerSecond),
    [Symbol.asyncDispose]: () => limiters[Symbol.asyncDispose](),
  }
}

function serveTransports(
  { limits, allowedOrigins, explorer }: GatewayConfig,
  parts: Rates &
    Identity &
    Tools & {
      readonly graphs: LiveGraph
      readonly patience: Partial<ClientPatience> | undefined
    },
  server: FastifyInstance,
): [SocketServer, HttpStreams] {
  const origins = new OriginPolicy(allowedOrigins)
  const { subscriptionsPerSocket: maxSubscriptions, sockets: connections, socketsPerSecond, socketsPerUser } = limits
  const refusals = new Refusals(parts.metrics)
  const connectionLimits = { connections, perSecond: socketsPerSecond, perUser: socketsPerUser }
  const admission = new Admission(connectionLimits, undefined, (reason) => refusals.count(reason))
  const operations = new OperationMetrics(parts)
  const { subscriptions } = parts.graphs
  const { operationMs } = limits
  const shared = { ...parts, subscriptions, operationMs, origins, maxSubscriptions, admission, operations, refusals }
  origins.addTo(server)
  addSecurityHeaders(server)
  const streams = new HttpStreams(shared)
  addGraphqlEndpoint(server, { ...shared, streams, explorer: explorerPage(explorer) })
  return [new SocketServer(server.server, shared), streams]
}
