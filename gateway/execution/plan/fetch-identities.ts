import type { FetchNode, PlanNode, SubscriptionNode } from '@apollo/query-planner'
import { fetchesIn } from './fetches-in.ts'

/** Finds out which fetches of a plan may turn out to be identical when it runs, so that one answer will do. */
export class FetchIdentities {
  readonly #seen = new Set<string>()
  readonly #repeated = new Set<string>()

  constructor(node: PlanNode | SubscriptionNode | undefined) {
    if (node) this.#count(node)
  }

  /** What a fetch has in common with others that ask for the same; undefined when no other one does. */
  of(node: FetchNode): string | undefined {
    const identity = identityOf(node)
    return this.#repeated.has(identity) ? identity : undefined
  }

  #count(node: PlanNode | SubscriptionNode): void {
    const fetches = fetchesIn(node)
    // What was answered before a mutation may be another thing after it (GraphQL specification §6.2.2).
    if (fetches.filter(isMutation).length > 1) return
    for (const fetch of fetches) {
      if (isMutation(fetch)) continue
      const identity = identityOf(fetch)
      if (this.#seen.has(identity)) this.#repeated.add(identity)
      this.#seen.add(identity)
    }
  }
}

function isMutation({ operationKind }: FetchNode): boolean {
  return operationKind === 'mutation'
}

/** All but the entities; the client's variables have one value in a run. The planner names every operation anew. */
function identityOf({ serviceName, operation, operationName }: FetchNode): string {
  const unnamed = operationName ? operation.replace(operationName, '') : operation
  return JSON.stringify([serviceName, unnamed])
}
