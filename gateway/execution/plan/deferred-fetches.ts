import type { DeferredNode, PlanNode, QueryPlan } from '@apollo/query-planner'
import { fetchesIn } from './fetches-in.ts'

/** The fetches in a part of a plan that deferred parts may depend on. */
export function fetchIds(node: PlanNode | undefined): string[] {
  return fetchesIn(node).flatMap(({ id }) => (id === undefined ? [] : [id]))
}

/** The fetches that a deferred part depends on, of those that its plan has. */
export function dependencies({ depends }: DeferredNode, { node }: QueryPlan): string[] {
  const known = new Set(fetchesIn(node).map(({ id }) => id))
  return depends.map(({ id }) => id).filter((id) => known.has(id))
}
