import type { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BadUserInputError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { withDeadline } from '../execution/deadline.ts'
import { type OperationContext, operationContext, runningOperation } from '../execution/operation-context.ts'
import type { ClientIdentification } from '../identity/client.ts'
import type { MutationRate } from '../protection/mutation-rate.ts'
import type { OperationDocuments, ReadOperation } from '../protection/operation-documents.ts'
import type { ExplorerPage } from './explorer.ts'
import { GRAPHQL_PATH } from './graphql-path.ts'

interface EndpointOptions {
  apollo: ApolloServer<OperationContext>
  documents: OperationDocuments
  identification: ClientIdentification
  mutationRate: MutationRate
  /** How long an operation may take. */
  operationMs: number
  /** What a browser gets that opens the address; undefined: nothing. */
  explorer: ExplorerPage | undefined
  logger: Logger
}

/** Queries and mutations by POST, queries by GET (GraphQL over HTTP), and the explorer for browsers. */
export function addGraphqlEndpoint(server: FastifyInstance, options: EndpointOptions): void {
  server.route({
    method: ['GET', 'POST'],
    url: GRAPHQL_PATH,
    onSend: async (_request, reply) => {
      // RFC 6750 §3: says how to authenticate.
      if (reply.statusCode === 401) reply.header('www-authenticate', 'Bearer')
    },
    handler: (request, reply) =>
      isBrowser(request) ? showExplorer(reply, options.explorer) : answer(server, request, reply, options),
  })
}

async function answer(server: FastifyInstance, request: FastifyRequest, reply: FastifyReply, options: EndpointOptions) {
  const { apollo, identification, operationMs } = options
  const departed = departureOf(reply)
  reply.header('cache-control', 'no-store')
  if (Array.isArray(request.body))
    throw new BadUserInputError('Batches are not accepted: send one operation a request.')
  const client = await identification.identify(request.raw, request.headers.authorization)
  const read = readOperation(request, options.documents)
  if (read?.errors) {
    return reply
      .status(400)
      .send({ errors: read.errors.map((error) => toWireError(error, request.id, options.logger)) })
  }
  if (read?.operation.operation === 'subscription') throw new BadUserInputError(USE_A_SOCKET)
  if (read) await options.mutationRate.count(client, read.document, read.operation)
  const run = (signal: AbortSignal) => {
    const context = operationContext(client, request.id, signal)
    const handle = fastifyApolloHandler(apollo, { context: async () => context })
    return runningOperation.run(context, async () => handle.call(server, request, reply))
  }
  return withDeadline(operationMs, run, departed)
}

/** Aborts when the client leaves before it has its whole answer. Fastify's `request.signal` aborts with every POST. */
function departureOf({ raw }: FastifyReply): AbortSignal {
  const departure = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) departure.abort()
  })
  return departure.signal
}

const USE_A_SOCKET =
  'Subscriptions do not run over plain HTTP: open a WebSocket at this same path, with the protocol graphql-transport-ws.'

/** Undefined when the request carries no document: Apollo Server says what is wrong with it. */
function readOperation(request: FastifyRequest, documents: OperationDocuments): ReadOperation | undefined {
  const { query, operationName, variables } =
    request.method === 'GET' ? searchParameters(request) : fieldsOf(request.body)
  if (typeof query !== 'string' || query === '') return undefined
  return documents.read({
    query,
    operationName: typeof operationName === 'string' ? operationName : undefined,
    variables: typeof variables === 'string' ? parseQuietly(variables) : variables,
  })
}

function searchParameters(request: FastifyRequest): RequestFields {
  return Object.fromEntries(new URL(request.url, 'http://localhost').searchParams)
}

function fieldsOf(body: unknown): RequestFields {
  return typeof body === 'object' && body !== null ? body : {}
}

interface RequestFields {
  query?: unknown
  operationName?: unknown
  variables?: unknown
}

/** Apollo Server parses it again, and says what is wrong with it. */
function parseQuietly(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function isBrowser({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && headers.accept !== undefined && headers.accept.includes('text/html')
}

async function showExplorer(reply: FastifyReply, explorer: ExplorerPage | undefined) {
  if (!explorer) return reply.callNotFound()
  // The page runs with its reader's token: no other site may frame it.
  reply.header('content-security-policy', "frame-ancestors 'none'")
  return reply.type('text/html; charset=utf-8').send(await explorer())
}
