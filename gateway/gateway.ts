import type { ApolloServer } from '@apollo/server'
import type { FastifyInstance } from 'fastify'
import type { EventBus } from '../platform/event-bus/event-bus.ts'
import { createHttpServer, listen } from '../platform/http-server.ts'
import { createLogger, type Logger } from '../platform/logging.ts'
import { createMetrics, type Metrics } from '../platform/metrics.ts'
import { openRateLimiters, type RateLimiters } from '../platform/rate-limiter.ts'
import { signerWith } from '../platform/service-signature.ts'
import { ShutdownTime } from '../platform/shutdown-time.ts'
import type { GatewayConfig } from './config.ts'
import { startApolloServer } from './execution/apollo-server.ts'
import { EventCompletion } from './execution/event-completion.ts'
import { EventExecutor } from './execution/event-executor.ts'
import { HttpDataSource } from './execution/http-data-source.ts'
import type { OperationContext } from './execution/operation-context.ts'
import { explorerPage } from './http/explorer.ts'
import { addGraphqlEndpoint } from './http/graphql-endpoint.ts'
import { OriginPolicy } from './http/origin-policy.ts'
import { type Identity, openIdentity } from './identity/identity.ts'
import { MutationRate } from './protection/mutation-rate.ts'
import { OperationDocuments } from './protection/operation-documents.ts'
import type { ClientPatience } from './sockets/protocol.ts'
import { SocketServer } from './sockets/socket-server.ts'
import { Subscriptions } from './subscriptions/subscriptions.ts'
import { type LoadedSupergraph, loadSupergraph } from './supergraph/supergraph.ts'
import { SupergraphGateway } from './supergraph/supergraph-gateway.ts'

export interface RunningGateway extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

/** What tests put in the place of the real thing. */
export interface GatewayOverrides {
  readonly logger?: Logger
  readonly now?: () => Date
  /** Rings when a session was ended; without it the gateway finds out within a second. */
  readonly bus?: EventBus
  /** How long clients have on their sockets. */
  readonly patience?: Partial<ClientPatience>
}

/** What every part is given. */
interface Tools {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly now: () => Date
}

/** The graph itself, apart from the transports it is served over. */
interface Graph {
  readonly supergraph: LoadedSupergraph
  readonly subgraphs: ReadonlyMap<string, HttpDataSource>
  readonly subscriptions: Subscriptions
  readonly documents: OperationDocuments
  readonly mutationRate: MutationRate
  readonly limiters: RateLimiters
}

/**
 * Serves a supergraph over HTTP and graphql-transport-ws.
 *
 * @throws ConfigurationError when the supergraph cannot be loaded or the port not be bound.
 */
export async function startGateway(config: GatewayConfig, overrides: GatewayOverrides = {}): Promise<RunningGateway> {
  const { host, port, logLevel: level, logFormat: format } = config
  const logger = overrides.logger ?? createLogger({ name: 'gateway', level, format })
  const tools = { logger, metrics: createMetrics(), now: overrides.now ?? (() => new Date()) }
  const graph = await openGraph(config, tools)
  const identity = openIdentity({
    config: config.identity,
    trustedProxies: config.trustedProxies,
    signer: signerWith(config.serviceSecret, tools.now),
    bus: overrides.bus,
    ...tools,
  })
  const shutdown = new ShutdownTime(config.shutdownGraceMs)
  const server = createHttpServer({
    logger,
    metrics: tools.metrics,
    bodyLimit: config.limits.bodyBytes,
    ready: () => identity.ready(),
    shutdown,
  })
  const apollo = await startQueries(config, graph, server, tools)
  const { patience } = overrides
  const sockets = serveTransports(config, { ...graph, ...identity, ...tools, apollo, patience }, server)
  const stop = async () => {
    shutdown.begin()
    const { told, over } = sockets.drain(shutdown.leftMs)
    // Until then requests are served as always. Those who do not say goodbye take none of the time that answers need.
    await told
    await Promise.all([over, apollo.stop()])
    await Promise.all([closeGraph(graph), identity[Symbol.asyncDispose]()])
  }
  try {
    const bound = await listen(server, { host, port, variable: 'PORT' })
    logger.info({ url: bound.url }, 'listening')
    return { ...bound, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openGraph(config: GatewayConfig, { logger, now }: Tools): Promise<Graph> {
  const { limits, production } = config
  const supergraph = await loadSupergraph(config.supergraph, config.subgraphUrls)
  const signer = signerWith(config.serviceSecret, now)
  const subgraphs = new Map(
    supergraph.subgraphs.map(({ name, url }) => [name, new HttpDataSource({ name, url, signer, logger })]),
  )
  const executor = new EventExecutor({ supergraph, subgraphs, logger })
  const completion = new EventCompletion({ executor, eventMs: limits.operationMs, logger })
  const limiters = await openRateLimiters({ redisUrl: config.redisUrl, logger })
  return {
    supergraph,
    subgraphs,
    subscriptions: new Subscriptions({ supergraph, completion, signer, logger }),
    documents: new OperationDocuments({ schema: supergraph.clientSchema, limits, production }),
    mutationRate: new MutationRate(limiters, limits.mutationsPerSecond),
    limiters,
  }
}

async function closeGraph({ subscriptions, subgraphs, limiters }: Graph): Promise<void> {
  subscriptions.close()
  await limiters[Symbol.asyncDispose]()
  await Promise.all([...subgraphs.values()].map((subgraph) => subgraph.close()))
}

function startQueries(config: GatewayConfig, graph: Graph, server: FastifyInstance, { logger }: Tools) {
  const { production, limits } = config
  return startApolloServer({
    gateway: new SupergraphGateway({
      supergraphSdl: graph.supergraph.sdl,
      subgraphs: graph.subgraphs,
      exposeQueryPlans: !production,
      logger,
    }),
    documents: graph.documents,
    production,
    maxTokens: limits.tokens,
    drain: () => server.close(),
    logger,
  })
}

function serveTransports(
  { limits, allowedOrigins, explorer }: GatewayConfig,
  parts: Graph &
    Identity &
    Tools & {
      readonly apollo: ApolloServer<OperationContext>
      readonly patience: Partial<ClientPatience> | undefined
    },
  server: FastifyInstance,
): SocketServer {
  const origins = new OriginPolicy(allowedOrigins)
  const shared = { ...parts, operationMs: limits.operationMs }
  origins.addTo(server)
  addGraphqlEndpoint(server, { ...shared, explorer: explorerPage(explorer) })
  const { subscriptionsPerSocket: maxSubscriptions, sockets, socketsPerSecond: perSecond, socketsPerUser } = limits
  const socketLimits = { sockets, perSecond, perUser: socketsPerUser }
  return new SocketServer(server.server, { ...shared, origins, maxSubscriptions, socketLimits })
}
