import type { ApolloServer } from '@apollo/server'
import type { FastifyInstance } from 'fastify'
import { AccessTokenVerifier } from '../platform/access-token.ts'
import { createHttpServer, listen } from '../platform/http-server.ts'
import { type KeySet, RemoteKeySet } from '../platform/key-set.ts'
import { createLogger, type Logger } from '../platform/logging.ts'
import { ServiceSigner } from '../platform/service-signature.ts'
import type { GatewayConfig } from './config.ts'
import { startApolloServer } from './execution/apollo-server.ts'
import { EventExecutor } from './execution/event-executor.ts'
import { HttpDataSource } from './execution/http-data-source.ts'
import type { OperationContext } from './execution/operation-context.ts'
import { explorerPage } from './http/explorer.ts'
import { addGraphqlEndpoint } from './http/graphql-endpoint.ts'
import { OriginPolicy } from './http/origin-policy.ts'
import { ClientIdentification } from './identity/client.ts'
import { TrustedProxies } from './identity/trusted-proxies.ts'
import { OperationDocuments } from './protection/operation-documents.ts'
import { SocketServer } from './subscriptions/socket-server.ts'
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
}

/** What every part is given. */
interface Tools {
  readonly logger: Logger
  readonly now: () => Date
}

/** The graph itself, apart from the transports it is served over. */
interface Graph {
  readonly supergraph: LoadedSupergraph
  readonly subgraphs: ReadonlyMap<string, HttpDataSource>
  readonly subscriptions: Subscriptions
  readonly documents: OperationDocuments
}

/**
 * Serves a supergraph over HTTP and graphql-transport-ws.
 *
 * @throws ConfigurationError when the supergraph cannot be loaded or the port not be bound.
 */
export async function startGateway(config: GatewayConfig, overrides: GatewayOverrides = {}): Promise<RunningGateway> {
  const { host, port, logLevel: level, logFormat: format } = config
  const logger = overrides.logger ?? createLogger({ name: 'gateway', level, format })
  const tools = { logger, now: overrides.now ?? (() => new Date()) }
  const graph = await openGraph(config, tools)
  const keys = config.identity && new RemoteKeySet(config.identity.jwksUrl, tools)
  const server = createHttpServer({
    logger,
    bodyLimit: config.limits.bodyBytes,
    shutdownGraceMs: config.shutdownGraceMs,
    ready: async () => keys?.ready(),
  })
  const apollo = await startQueries(config, graph, server, tools)
  const sockets = serveTransports(config, graph, apollo, server, identificationBy(config, keys, tools), tools)
  const stop = async () => {
    await Promise.all([sockets.drain(config.shutdownGraceMs), apollo.stop()])
    await closeGraph(graph)
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
  const signer = config.serviceSecret === undefined ? undefined : new ServiceSigner(config.serviceSecret, now)
  const subgraphs = new Map(
    supergraph.subgraphs.map(({ name, url }) => [name, new HttpDataSource({ name, url, signer, logger })]),
  )
  const executor = new EventExecutor({ supergraph, subgraphs, logger })
  return {
    supergraph,
    subgraphs,
    subscriptions: new Subscriptions({ supergraph, executor, signer, eventMs: limits.operationMs, logger }),
    documents: new OperationDocuments({ schema: supergraph.clientSchema, limits, production }),
  }
}

async function closeGraph({ subscriptions, subgraphs }: Graph): Promise<void> {
  subscriptions.close()
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

function identificationBy(config: GatewayConfig, keys: KeySet | undefined, { now }: Tools): ClientIdentification {
  return new ClientIdentification({
    verifier: config.identity && keys && new AccessTokenVerifier({ ...config.identity, keys, now }),
    proxies: new TrustedProxies(config.trustedProxies),
  })
}

function serveTransports(
  { limits, allowedOrigins, explorer }: GatewayConfig,
  graph: Graph,
  apollo: ApolloServer<OperationContext>,
  server: FastifyInstance,
  identification: ClientIdentification,
  tools: Tools,
): SocketServer {
  const origins = new OriginPolicy(allowedOrigins)
  const shared = { ...graph, ...tools, apollo, identification, operationMs: limits.operationMs }
  origins.addTo(server)
  addGraphqlEndpoint(server, { ...shared, explorer: explorerPage(explorer) })
  const maxSubscriptions = limits.subscriptionsPerSocket
  return new SocketServer(server.server, { ...shared, origins, maxSubscriptions })
}
