import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway'
import { GraphQLError } from 'graphql'
import { Pool } from 'undici'
import { SubgraphUnavailableError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logging.ts'
import type { ServiceSigner } from '../../platform/service-signature.ts'
import { type OperationContext, signedHeaders } from './operation-context.ts'
import { checkSubgraphResponse, type SubgraphResponse } from './subgraph-response.ts'

/** Of one subgraph's answer. */
const MAX_RESPONSE_BYTES = 16_000_000

/** Open at once to one subgraph; what is beyond waits in line, at most until its operation's time is up. */
const MAX_CONNECTIONS = 256

/**
 * One subgraph over HTTP, on connections that stay open. It is told {@link OperationContext.forwarded} of the client
 * and nothing else. Whatever it answers that is not a GraphQL response is SUBGRAPH_UNAVAILABLE, which leaves the data
 * of other subgraphs alone.
 */
export class HttpDataSource implements GraphQLDataSource<OperationContext> {
  readonly name: string
  readonly #path: string
  readonly #pool: Pool
  readonly #signer: ServiceSigner | undefined
  readonly #logger: Logger

  constructor(options: { name: string; url: string; signer: ServiceSigner | undefined; logger: Logger }) {
    const { origin, pathname, search } = new URL(options.url)
    this.name = options.name
    this.#path = pathname + search
    this.#pool = new Pool(origin, { connections: MAX_CONNECTIONS, maxResponseSize: MAX_RESPONSE_BYTES })
    this.#signer = options.signer
    this.#logger = options.logger
  }

  async process(options: GraphQLDataSourceProcessOptions<OperationContext>): Promise<SubgraphResponse> {
    const { query, operationName, variables } = options.request
    const context = options.context as OperationContext
    try {
      const answer = await this.#post(JSON.stringify({ query, operationName, variables }), context)
      return checkSubgraphResponse(answer, variables?.representations?.length)
    } catch (error) {
      this.#logger.warn({ err: error, subgraph: this.name, requestId: context.requestId }, 'subgraph unavailable')
      throw unavailable(this.name, 'pathInIncomingRequest' in options ? options.pathInIncomingRequest : undefined)
    }
  }

  /** Drops the connections, and with them whatever still waits for an answer. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  async #post(body: string, context: OperationContext): Promise<unknown> {
    const response = await this.#pool.request({
      method: 'POST',
      path: this.#path,
      headers: {
        ...signedHeaders(context.forwarded, this.#signer, { path: this.#path, body }),
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body,
      signal: context.signal,
    })
    return response.body.json()
  }
}

/** The path is given when it leads to one field; one with `@` in it stands for every element of a list. */
function unavailable(subgraph: string, path: readonly (string | number)[] = []): GraphQLError {
  const originalError = new SubgraphUnavailableError(subgraph)
  return new GraphQLError(originalError.message, {
    originalError,
    ...(path.length > 0 && !path.includes('@') && { path }),
  })
}
