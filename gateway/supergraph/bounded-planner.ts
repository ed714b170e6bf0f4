import type { Supergraph } from '@apollo/federation-internals'
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner'
import { LimitExceededError } from '../protection/limit-exceeded-error.ts'

/** Plans that are weighed against each other; of more, those with the most changes of subgraph are left out unseen. */
const MAX_PLANS = 100

/** Ways through the subgraphs to one field: the planner compares each with each. */
const MAX_WAYS = 250

/** CPU time while the ways to all fields are found, in milliseconds. */
const SEARCH_MS = 500

/** How the planner words that it has reached a limit, ours or one of its own: its errors have no codes. */
const LIMIT_REACHED =
  /^(Too many options generated|Number of non-local selections exceeds|Exceeded maximum recursive selections)/

/**
 * Apollo's planner, which tries all ways in which subgraphs that share types can give an operation: in some graphs they
 * multiply with each level of it, so that a line of text would take minutes, in which the process does nothing else.
 */
export class BoundedPlanner extends QueryPlanner {
  readonly #search: Search

  constructor(supergraph: Supergraph) {
    const search = new Search()
    super(supergraph, {
      incrementalDelivery: { enableDefer: true },
      // It is compared with after each step, and so can tell the time as well, which no option of the planner limits.
      debug: { maxEvaluatedPlans: MAX_PLANS, pathsLimit: search as unknown as number },
    })
    this.#search = search
  }

  /** @throws LimitExceededError when there are too many ways to plan the operation, or to find them takes too long. */
  override buildQueryPlan(...asked: Parameters<QueryPlanner['buildQueryPlan']>): QueryPlan {
    this.#search.begin()
    try {
      return super.buildQueryPlan(...asked)
    } catch (error) {
      if (!(error instanceof Error && LIMIT_REACHED.test(error.message))) throw error
      throw new LimitExceededError(
        'planning',
        'There are too many ways to plan the operation. Ask for less of it at once.',
      )
    }
  }
}

/** How many ways to a field there may be: none any more when the time is up. */
class Search {
  #until = 0

  begin(): void {
    this.#until = cpuMs() + SEARCH_MS
  }

  valueOf(): number {
    return cpuMs() > this.#until ? 0 : MAX_WAYS
  }
}

/** Of this thread alone where Node can tell it (from 23.9 on): what others compute beside is no operation's fault. */
function cpuMs(): number {
  const { user, system } = (process.threadCpuUsage ?? process.cpuUsage)()
  return (user + system) / 1_000
}
