import type { Denials } from '../authorization/denials.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import type { SubscriptionPlan, SubscriptionPlanner } from './subscription-planner.ts'
import type { SubscriptionRequest } from './subscription-request.ts'

/** What plans subscriptions, and by which rules. */
interface PlanningGraph {
  readonly supergraph: LoadedSupergraph
  readonly planner: SubscriptionPlanner
}

type Asked = Pick<SubscriptionRequest, 'client' | 'source' | 'document' | 'operation'>

/** What a client may not see, at this moment, of what they subscribe to; undefined when that is nothing. */
export function denialsFor({ supergraph }: PlanningGraph, { document, operation, client }: Asked): Denials | undefined {
  return supergraph.authorization?.denialsOf(document, operation.name?.value, client().viewer)
}

/**
 * The plan of a subscription that is opened now.
 *
 * @throws what {@link SubscriptionPlanner.plan} throws.
 */
export function planFor(graph: PlanningGraph, request: Asked): SubscriptionPlan {
  const { source, document, operation } = request
  return graph.planner.plan(source, document, operation.name?.value, denialsFor(graph, request))
}

/**
 * By what plan an event is completed: what its client may see shrinks with the rights that they lose while the
 * subscription is open. Rights that they gain count when they subscribe again, for it is then that the subgraph is asked
 * for more.
 *
 * @throws what {@link SubscriptionPlanner.narrowed} throws, which ends the subscription.
 */
export function currentPlan({
  plan,
  request,
  graph,
}: {
  readonly plan: SubscriptionPlan
  readonly request: Asked
  readonly graph: PlanningGraph
}): SubscriptionPlan {
  const { authorization } = graph.supergraph
  if (!authorization) return plan
  const denials = authorization.joined(plan.denials, denialsFor(graph, request))
  return !denials || denials.key === plan.denials?.key ? plan : graph.planner.narrowed(plan, request, denials)
}
