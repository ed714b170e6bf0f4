import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLError } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { BadUserInputError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { CachePolicy } from '../execution/cache-policy.ts'
import { withDeadline } from '../execution/deadline.ts'
import { operationContext, runningOperation } from '../execution/operation-context.ts'
import type { MeasuredOperation, OperationMetrics } from '../execution/operation-metrics.ts'
import { inOperationSpan } from '../execution/operation-spans.ts'
import type { Client, ClientIdentification } from '../identity/client.ts'
import type { MutationRate } from '../protection/mutation-rate.ts'
import type { AcceptedOperation } from '../protection/operation-documents.ts'
import { PersistedQueryNotFoundError } from '../protection/persisted-queries.ts'
import type { ServedGraph } from '../serving/served-graph.ts'
import type { ClientPatience } from '../sessions/client-patience.ts'
import { answerByApollo, apolloRequest, type HttpAnswer, type PiecewiseAnswer, send } from './apollo-http.ts'
import type { ExplorerPage } from './explorer.ts'
import { GRAPHQL_PATH } from './graphql-path.ts'
import type { HttpStreams } from './http-streams.ts'
import { mayBeIncremental, sendPieces } from './incremental-response.ts'
import { operationParameters } from './operation-parameters.ts'
import { isSafe, queryKey } from './queries-in-flight.ts'
import { addPagePolicy } from './security-headers.ts'
import { prefersEvents } from './stream-negotiation.ts'

interface EndpointOptions {
  /** An operation stays with the one that is served when it begins. */
  graphs: { readonly current: ServedGraph }
  identification: ClientIdentification
  mutationRate: MutationRate
  operations: OperationMetrics
  /** How long an operation may take. */
  operationMs: number
  /** What a browser gets that opens the address; undefined: nothing. */
  explorer: (() => Promise<ExplorerPage>) | undefined
  /** Where subscriptions go, and whatever asks for events. */
  streams: HttpStreams
  /** How long clients have to take what they are sent. */
  patience?: Partial<ClientPatience> | undefined
  logger: Logger
}

/** Queries and mutations by POST, queries by GET (GraphQL over HTTP), streams for who asks for them, the explorer for browsers. */
export function addGraphqlEndpoint(server: FastifyInstance, options: EndpointOptions): void {
  server.route({
    method: ['GET', 'POST'],
    url: GRAPHQL_PATH,
    onSend: async (_request, reply) => {
      // RFC 6750 §3: says how to authenticate.
      if (reply.statusCode === 401) reply.header('www-authenticate', 'Bearer')
    },
    onError: async (request, _reply, error) => {
      if (error.code?.startsWith(UNREADABLE)) countUnreadable(error, options.operations.begin(request.id))
    },
    handler: (request, reply) => {
      if (isBrowser(request)) return showExplorer(reply, options.explorer)
      const measured = options.operations.begin(request.id)
      const served = prefersEvents(request)
        ? options.streams.serve(request, reply)
        : answer(request, reply, options, measured)
      return served.catch((error: unknown) => measured.fail(error))
    },
  })
}

/** How Fastify's errors about bodies begin: then there is nothing to be handled. */
const UNREADABLE = 'FST_ERR_CTP_'
const TOO_LARGE = 'FST_ERR_CTP_BODY_TOO_LARGE'

function countUnreadable({ code, message }: FastifyError, measured: MeasuredOperation): void {
  if (code === TOO_LARGE) measured.refused('body')
  measured.failed(new BadUserInputError(message))
  measured.end()
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  options: EndpointOptions,
  measured: MeasuredOperation,
): Promise<FastifyReply> {
  const departed = departureOf(reply)
  reply.header('cache-control', 'no-store')
  const client = await options.identification.identifySender(request.raw)
  const parameters = operationParameters(request)
  const graph = options.graphs.current
  const asked = { request, reply, parameters, client, measured }
  const outcome = await graph.during(() => outcomeOf(asked, graph, options, departed))
  // A stream is measured where it is opened.
  if (outcome === 'stream') return options.streams.serve(request, reply, client)
  measured.end()
  if (outcome === 'sent') return reply
  return 'errors' in outcome ? refuse(request, reply, outcome.errors, options.logger) : send(reply, outcome)
}

/** What is asked for, and by whom. */
interface Asked {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly parameters: SubscribePayload
  readonly client: Client
  readonly measured: MeasuredOperation
}

async function outcomeOf(
  asked: Asked,
  graph: ServedGraph,
  { mutationRate, operationMs, patience, logger }: EndpointOptions,
  departed: AbortSignal,
): Promise<HttpAnswer | { readonly errors: readonly GraphQLError[] } | 'stream' | 'sent'> {
  const { request, reply, parameters, client, measured } = asked
  const { documents, queriesInFlight } = graph
  const key = queriesInFlight && queryKey(request, parameters, client)
  const shared = key === undefined ? undefined : await queriesInFlight?.join(key, departed)
  if (shared?.kind) measured.isLike(shared.kind)
  if (shared) return shared
  const read = documents.read({ variables: undefined, ...parameters })
  if (read.errors) measured.failed(read.errors[0])
  if (read.errors) return read
  measured.accepted(read)
  if (read.operation.operation === 'subscription') return 'stream'
  return inOperationSpan(client, read, async () => {
    await mutationRate.count(client, read.document, read.operation)
    if (mayBeIncremental(request, read.document)) {
      const answered = async (signal: AbortSignal) => {
        const answer = await execute(graph, asked, read, signal)
        if (!('pieces' in answer)) return answer
        await sendPieces(reply, answer, { patience, logger })
        return 'sent'
      }
      return withDeadline(operationMs, answered, departed)
    }
    const run = (abandoned: AbortSignal) =>
      withDeadline(operationMs, (signal) => execute(graph, asked, read, signal).then(whole), abandoned)
    const mayShare = queriesInFlight && key !== undefined && read.operation.operation === 'query'
    return mayShare ? queriesInFlight.lead(key, departed, run) : run(departed)
  })
}

/** @param read what the parameters give or name. */
async function execute(
  { apollo, documents }: ServedGraph,
  { request, parameters, client, measured }: Asked,
  read: AcceptedOperation,
  signal: AbortSignal,
): Promise<HttpAnswer | PiecewiseAnswer> {
  const asked = apolloRequest(request, read.source, parameters)
  const context = { ...operationContext(client, request.id, signal), caching: new CachePolicy(), measured }
  const answerOf = () => runningOperation.run(context, () => answerByApollo(apollo, asked, context))
  const answer = await documents.during(read, answerOf)
  if (!('pieces' in answer) && answer.status === 400 && !isSafe(request.headers)) measured.refused('csrf')
  return answer
}

function whole(answer: HttpAnswer | PiecewiseAnswer): HttpAnswer {
  if ('pieces' in answer) throw new Error('The answer comes in pieces, which nobody asked for.')
  return answer
}

const GRAPHQL_RESPONSE = 'application/graphql-response+json'

function refuse(request: FastifyRequest, reply: FastifyReply, errors: readonly GraphQLError[], logger: Logger) {
  // A client that named a document goes on from here: Apollo Server does not call that a failed request either.
  const isUnknown = errors.some(({ originalError }) => originalError instanceof PersistedQueryNotFoundError)
  const type = request.headers.accept?.startsWith(GRAPHQL_RESPONSE) ? GRAPHQL_RESPONSE : 'application/json'
  return reply
    .status(isUnknown ? 200 : 400)
    .type(`${type}; charset=utf-8`)
    .send({ errors: errors.map((error) => toWireError(error, request.id, logger)) })
}

/** Aborts when the client leaves before it has its whole answer. Fastify's `request.signal` aborts with every POST. */
function departureOf({ raw }: FastifyReply): AbortSignal {
  const departure = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) departure.abort()
  })
  return departure.signal
}

function isBrowser({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && headers.accept !== undefined && headers.accept.includes('text/html')
}

async function showExplorer(reply: FastifyReply, explorer: EndpointOptions['explorer']) {
  if (!explorer) return reply.callNotFound()
  const { html, policy } = await explorer()
  addPagePolicy(reply, policy)
  return reply.type('text/html; charset=utf-8').send(html)
}
