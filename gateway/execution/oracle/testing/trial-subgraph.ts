import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway'
import { type DocumentNode, execute, GraphQLError, type GraphQLFieldResolver, type GraphQLSchema, parse } from 'graphql'
import { SubgraphUnavailableError } from '../../../../platform/errors.ts'
import { checkSubgraphResponse, type SubgraphResponse } from '../../subgraph-response.ts'
import type { SubgraphRequest, SubgraphSource } from '../../subgraph-source.ts'
import type { AnsweredRequest, RawResponse } from './fault-plan.ts'

/** How a subgraph executes a document and what it does to the answer. */
export interface SubgraphBehaviour {
  readonly execute: (schema: GraphQLSchema, document: DocumentNode, variables: Record<string, unknown>) => unknown
  /** @throws Error when there is no answer. */
  readonly spoil: (request: AnsweredRequest, response: RawResponse) => RawResponse
  /** Absent: it arrives at once. */
  readonly arrival?: (request: AnsweredRequest) => Promise<void>
}

const documents = new Map<string, DocumentNode>()

/** One subgraph in this process: as the stock executor asks it, and as ours does. */
export class TrialSubgraph implements SubgraphSource, GraphQLDataSource {
  readonly name: string
  /** What it was asked, in the order it came. */
  readonly fetches: AnsweredRequest[] = []
  readonly #schema: GraphQLSchema
  readonly #behaviour: SubgraphBehaviour

  constructor(name: string, schema: GraphQLSchema, behaviour: SubgraphBehaviour) {
    this.name = name
    this.#schema = schema
    this.#behaviour = behaviour
  }

  async ask({ query, variables, representations }: SubgraphRequest): Promise<SubgraphResponse> {
    return this.#answer({ subgraph: this.name, query, variables, representations })
  }

  async process(options: GraphQLDataSourceProcessOptions): Promise<SubgraphResponse> {
    const { query = '', variables: all = {} } = options.request
    const isForEntities = /\{\s*_entities\(\s*representations:\s*\$representations\s*\)/.test(query)
    const { representations, ...variables } = all
    try {
      return await this.#answer(
        isForEntities
          ? { subgraph: this.name, query, variables, representations: representations as unknown[] }
          : { subgraph: this.name, query, variables: all, representations: undefined },
      )
    } catch (error) {
      const path = 'pathInIncomingRequest' in options ? (options.pathInIncomingRequest ?? []) : []
      const hasPath = path.length > 0 && !path.includes('@')
      const originalError = error as Error
      throw new GraphQLError(originalError.message, { originalError, ...(hasPath && { path }) })
    }
  }

  async #answer(request: AnsweredRequest): Promise<SubgraphResponse> {
    const { query, variables, representations } = request
    // Copied: what is sent may be a part of data that goes on to change.
    this.fetches.push(plain(request))
    const document = documents.get(query) ?? parse(query)
    documents.set(query, document)
    const all = { ...(variables as object), ...(representations && { representations }) }
    const response = await this.#behaviour.execute(this.#schema, document, plain(all))
    await this.#behaviour.arrival?.(request)
    try {
      return checkSubgraphResponse(this.#behaviour.spoil(request, plain(response)), representations?.length)
    } catch {
      throw new SubgraphUnavailableError(this.name)
    }
  }
}

/** @returns what the other side of HTTP gets. */
function plain<T>(value: unknown): T {
  return JSON.parse(JSON.stringify(value))
}

/** As a subgraph does that has nothing special about it. */
export function executePlainly(context: unknown, tools: { fieldResolver?: GraphQLFieldResolver<never, never> } = {}) {
  return (schema: GraphQLSchema, document: DocumentNode, variableValues: Record<string, unknown>) =>
    execute({ schema, document, variableValues, contextValue: context, ...(tools as object) })
}
