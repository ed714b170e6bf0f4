import type { OperationContext } from './operation-context.ts'
import type { SubgraphResponse } from './subgraph-response.ts'

/** One subgraph that can be asked. */
export interface SubgraphSource {
  readonly name: string
  /**
   * Asks once; whoever gets the answer may write into it. Its `_entities` are as many as the request's representations,
   * or null.
   *
   * @throws ApplicationError (SUBGRAPH_UNAVAILABLE, OPERATION_TOO_EXPENSIVE): what the client is told.
   */
  ask(request: SubgraphRequest, context: OperationContext): Promise<SubgraphResponse>
}

/** What one subgraph is asked for. */
export interface SubgraphRequest {
  readonly query: string
  readonly operationName: string | undefined
  readonly variables: Readonly<Record<string, unknown>>
  /** What `_entities` is asked for; undefined for a root fetch. They are not in `variables`. */
  readonly representations: readonly object[] | undefined
}
