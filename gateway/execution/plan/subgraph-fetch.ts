import type { FetchNode } from '@apollo/query-planner'
import type { SubgraphResponse } from '../subgraph-response.ts'
import type { Execution } from './execution.ts'
import { copyOf } from './merge.ts'
import { type JsonObject, readOwn, writeOwn } from './own-property.ts'
import type { DistinctRepresentations } from './representations.ts'

/** The request of one fetch of a plan. */
export class SubgraphFetch {
  readonly #subgraph: string
  readonly #query: string
  readonly #operationName: string | undefined
  readonly #variables: readonly string[]
  readonly #identity: string | undefined

  /**
   * @param variables the names of those that it takes from the client.
   * @param identity what it has in common with other fetches of its plan that may turn out to be identical; undefined
   * when there are none.
   */
  constructor(node: FetchNode, variables: readonly string[], identity: string | undefined) {
    this.#subgraph = node.serviceName
    this.#query = node.operation
    this.#operationName = node.operationName
    this.#variables = variables
    this.#identity = identity
  }

  /**
   * Asks the subgraph, unless an identical fetch of the same run has done so.
   *
   * @param context variables beside the client's.
   * @returns an answer that belongs to the caller.
   */
  ask(execution: Execution, entities?: DistinctRepresentations, context?: JsonObject): Promise<SubgraphResponse> {
    if (this.#identity === undefined) return this.#send(execution, entities, context)
    const key = this.#identity + JSON.stringify([entities?.list, context])
    const identical = execution.identical.get(key) ?? this.#send(execution, entities, context)
    execution.identical.set(key, identical)
    return identical.then(copyOfResponse)
  }

  #send(
    { run, slots }: Execution,
    entities: DistinctRepresentations | undefined,
    context: JsonObject | undefined,
  ): Promise<SubgraphResponse> {
    const source = run.sources.get(this.#subgraph)
    if (!source) return Promise.reject(new Error(`There is no source for the subgraph ${this.#subgraph}.`))
    const request = {
      query: this.#query,
      operationName: this.#operationName,
      variables: this.#variablesFrom(run.variables, context),
      representations: entities?.list,
    }
    const { signal } = run.context
    // Whatever has not begun when the time is up fails as what was under way does.
    return slots.run(() => (signal.aborted ? Promise.reject(signal.reason) : source.ask(request, run.context)))
  }

  #variablesFrom(client: Readonly<JsonObject>, context: JsonObject | undefined): JsonObject {
    const variables: JsonObject = {}
    for (const name of this.#variables) {
      const value = readOwn(client, name)
      if (value !== undefined) writeOwn(variables, name, value)
    }
    return context ? Object.assign(variables, context) : variables
  }
}

/** Errors are never written into. */
function copyOfResponse({ data, errors }: SubgraphResponse): SubgraphResponse {
  return { data: copyOf(data), ...(errors && { errors }) }
}
