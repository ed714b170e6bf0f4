import type { DeferredNode, FetchNode, PlanNode, QueryPlan, SubscriptionNode } from '@apollo/query-planner'

/** The fetches of a plan, or of a part of one, in its order. */
export function fetchesIn(node: PlanNode | SubscriptionNode | undefined): FetchNode[] {
  switch (node?.kind) {
    case undefined:
      return []
    case 'Fetch':
      return [node]
    case 'Flatten':
      return fetchesIn(node.node)
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesIn)
    case 'Condition':
      return [node.ifClause, node.elseClause].flatMap(fetchesIn)
    case 'Subscription':
      return fetchesIn(node.rest)
    case 'Defer':
      return [node.primary, ...node.deferred].flatMap((part) => fetchesIn(part.node))
  }
}

/** The fetches in a part of a plan that deferred parts may depend on. */
export function fetchIds(node: PlanNode | undefined): string[] {
  return fetchesIn(node).flatMap(({ id }) => (id === undefined ? [] : [id]))
}

/** The fetches that a deferred part depends on, of those that its plan has. */
export function dependencies({ depends }: DeferredNode, { node }: QueryPlan): string[] {
  const known = new Set(fetchesIn(node).map(({ id }) => id))
  return depends.map(({ id }) => id).filter((id) => known.has(id))
}
