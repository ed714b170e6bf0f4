import { type ApolloServer, HeaderMap, type HTTPGraphQLRequest } from '@apollo/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SubscribePayload } from 'graphql-ws'
import type { OperationContext } from '../execution/operation-context.ts'
import type { OperationKind } from '../execution/operation-metrics.ts'
import { withoutPersistedQuery } from '../protection/persisted-queries.ts'

/** The answer to one request, written out: who else it is for gets the same bytes. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  /** Of the operation that it answers. */
  readonly kind?: OperationKind | undefined
}

/** An answer in pieces, each of which is text of the body. */
export interface PiecewiseAnswer {
  readonly contentType: string
  readonly pieces: AsyncIterable<string>
}

/** Has Apollo Server answer a request, which is looked at for forgery and for what it accepts on the way. */
export async function answerByApollo(
  apollo: ApolloServer<OperationContext>,
  httpGraphQLRequest: HTTPGraphQLRequest,
  context: OperationContext,
): Promise<HttpAnswer | PiecewiseAnswer> {
  const { status, headers, body } = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest,
    context: async () => context,
  })
  if (body.kind === 'chunked') return { contentType: headers.get('content-type') ?? '', pieces: body.asyncIterator }
  return {
    status: status ?? 200,
    headers: Object.fromEntries(headers),
    body: body.string,
    kind: context.measured?.kind,
  }
}

/**
 * A request as Apollo Server takes it. What it is given to run is what was read and measured, written out anew: of the
 * request's own text it might read something else.
 *
 * @param source of the document that the parameters give or name.
 */
export function apolloRequest(
  { method, headers }: FastifyRequest,
  source: string,
  { operationName = null, variables = null, extensions }: SubscribePayload,
): HTTPGraphQLRequest {
  const asked = { query: source, operationName, variables, extensions: withoutPersistedQuery(extensions) }
  const request = { method, headers: headerMap(headers), search: '', body: asked }
  if (method !== 'GET') return request
  const search = new URLSearchParams({ query: source, extensions: JSON.stringify(asked.extensions) })
  if (operationName) search.set('operationName', operationName)
  if (variables) search.set('variables', JSON.stringify(variables))
  return { ...request, search: `?${search}`, body: undefined }
}

export function send(reply: FastifyReply, { status, headers, body }: HttpAnswer): FastifyReply {
  // A text would be encoded twice: to count its bytes, and to write them.
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  // CORS has said already what else it depends on.
  const vary = [reply.getHeader('vary'), headers.vary].filter((each) => each !== undefined).join(', ')
  return reply
    .status(status)
    .headers({ ...headers, ...(vary && { vary }) })
    .send(bytes)
}

function headerMap(headers: FastifyRequest['headers']): HeaderMap {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers)) {
    if (value) map.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return map
}
