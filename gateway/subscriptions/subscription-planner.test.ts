import { parse } from 'graphql'
import { expect, it, vi } from 'vitest'
import { loadToySupergraph } from '../testing/toy-streams.ts'
import { ToySubgraph } from '../testing/toy-subgraph.ts'
import { SubscriptionPlanner } from './subscription-planner.ts'

it('a subscription is planned once, however much white space its source has', async () => {
  const types = 'type Query { unused: Int } type Subscription { told: Int }'
  const supergraph = await loadToySupergraph([new ToySubgraph('news', types, {})])
  const planning = vi.spyOn(supergraph.planner, 'buildQueryPlan')
  const planner = new SubscriptionPlanner(supergraph)
  for (const padding of [10, 30_000]) {
    planning.mockClear()
    const source = `subscription { told }${' '.repeat(padding)}`
    const plans = [0, 1].map(() => planner.plan(source, parse(source), undefined))
    expect(plans[1]).toBe(plans[0])
    expect(planning).toHaveBeenCalledTimes(1)
  }
})
