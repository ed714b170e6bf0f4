import type { FetchNode, PlanNode, SubscriptionNode } from '@apollo/query-planner'

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
