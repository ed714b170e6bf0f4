import { ApolloServer, type ApolloServerPlugin } from '@apollo/server'
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled'
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import { toWireError } from '../graphql-errors.ts'
import { createHttpServer, listen } from '../http-server.ts'
import type { Logger } from '../logging.ts'
import type { Metrics } from '../metrics.ts'
import { ShutdownTime } from '../shutdown-time.ts'
import type { TracedPart } from '../tracing/spans.ts'
import type { Attendance } from './attendance.ts'
import { type Caller, type CallerPolicy, identifyCaller, requireSignature, singleHeaders } from './caller.ts'
import { MAX_TOKENS } from './operation-documents.ts'
import { codeOfFirst, countOn, OperationMetrics } from './operation-metrics.ts'
import { operationsNamed, traceRequests } from './operation-spans.ts'
import { serveSubscriptions } from './socket.ts'

export interface SubgraphOptions<Context extends { caller: Caller }> {
  schema: GraphQLSchema
  /** A new context for each operation, and for each event of a subscription. */
  createContext: (caller: Caller) => Context
  callers: CallerPolicy
  attendance?: Attendance
  /** What traces call the subgraph. */
  part?: TracedPart
  /** Rejects while what the subgraph needs is missing. */
  ready: () => Promise<void>
  /** Routes beside `/graphql`. Those under `/internal/` take signed calls alone. */
  routes?: (server: FastifyInstance) => void
  address: { host: string; port: number; variable: string }
  /** Are told of requests, operations and streams. */
  metrics?: Metrics
  /** How long a shutdown may take, for streams to say where they go on and requests to be answered. */
  shutdownGraceMs?: number
  /** For which idle connections stay when it stops, in milliseconds; 0 when not given. */
  farewellMs?: number | undefined
  logger: Logger
}

export interface RunningServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

/** A gateway asks for more than its client wrote, so a few times a client's limit, as {@link MAX_TOKENS}. */
const MAX_BODY_BYTES = 4_000_000

/** Serves a subgraph at `/graphql`, over HTTP POST and graphql-transport-ws, to signed callers. */
export async function startSubgraphServer<Context extends { caller: Caller }>(
  options: SubgraphOptions<Context>,
): Promise<RunningServer> {
  const shutdown = new ShutdownTime(options.shutdownGraceMs)
  const server = createHttpServer({ ...options, bodyLimit: MAX_BODY_BYTES, shutdown })
  keepRawBodies(server)
  const operations = new OperationMetrics(options.metrics, options.logger)
  const apollo = new ApolloServer<Context>({
    schema: options.schema,
    includeStacktraceInErrorResponses: false,
    introspection: true,
    parseOptions: { maxTokens: MAX_TOKENS },
    // Signals are the process's business; Apollo would send itself a second one, which means "exit at once".
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginInlineTraceDisabled(),
      fastifyApolloDrainPlugin(server),
      errorsForTheWire<Context>(options.logger),
      operationsCounted(operations),
      operationsNamed,
    ],
  })
  await apollo.start()
  const callers = new WeakMap<FastifyRequest, Caller>()
  server.addHook('preHandler', async (request) => {
    // The route, not the URL: a path that is spelled otherwise, percent-encoded say, leads to the same one.
    if (isSigned(request.routeOptions.url)) {
      const headers = singleHeaders(request.headers)
      requireSignature(options.callers, request.url, rawBodies.get(request) ?? '', headers)
      callers.set(request, await identifyCaller(options.callers, headers))
    }
  })
  traceRequests(server, options.part ?? 'subgraph', isSigned)
  server.post(
    '/graphql',
    fastifyApolloHandler(apollo, {
      context: async (request) => {
        const caller = callerOf(callers, request)
        options.attendance?.requested(caller)
        return options.createContext(caller)
      },
    }),
  )
  options.routes?.(server)
  const bound = await listen(server, options.address)
  const sockets = serveSubscriptions(server.server, { ...options, operations })
  return {
    ...bound,
    async [Symbol.asyncDispose]() {
      shutdown.begin()
      await sockets.drain(shutdown.leftMs)
      await apollo.stop()
      await server.close()
      await sockets[Symbol.asyncDispose]()
    },
  }
}

function isSigned(route: string | undefined): boolean {
  return route === '/graphql' || route?.startsWith('/internal/') === true
}

/** The signature covers the body as it was sent, so its bytes are kept beside what they parse to. */
const rawBodies = new WeakMap<FastifyRequest, string>()

function keepRawBodies(server: FastifyInstance): void {
  const parseJson = server.getDefaultJsonParser('error', 'error')
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    rawBodies.set(request, String(body))
    parseJson(request, String(body), done)
  })
}

function callerOf(callers: WeakMap<FastifyRequest, Caller>, request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (!caller) throw new Error('The request reached GraphQL without having been identified.')
  return caller
}

function errorsForTheWire<Context extends { caller: Caller }>(logger: Logger): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async willSendResponse({ errors, contextValue, response }) {
          if (!errors || response.body.kind !== 'single') return
          response.body.singleResult.errors = errors.map((error) =>
            toWireError(error, contextValue.caller.requestId, logger),
          )
        },
      }
    },
  }
}

/** Looks at what is sent, and so comes after {@link errorsForTheWire}. */
function operationsCounted(operations: OperationMetrics): ApolloServerPlugin {
  return {
    async requestDidStart() {
      const beganAt = performance.now()
      let count = countOn(operations.unknown, beganAt)
      return {
        async didResolveOperation({ operation, document }) {
          if (operation) count = countOn(operations.of(operation, document), beganAt)
        },
        async willSendResponse({ response: { body } }) {
          count(body.kind === 'single' ? codeOfFirst(body.singleResult.errors) : undefined)
        },
      }
    },
    async invalidRequestWasReceived() {
      operations.unknown.count('BAD_USER_INPUT')
    },
  }
}
