import type { QueryPlan } from '@apollo/query-planner'
import { FAULTS } from './fault-plan.ts'
import { GRAPH_FEATURES } from './graph-spec.ts'
import { OPERATION_FEATURES } from './query-writer.ts'

/** What plans may have, by the names that are in their JSON. */
const PLAN_FEATURES = ['Sequence', 'Parallel', 'Flatten', 'Condition', 'KeyRenamer', 'ValueSetter', 'elseClause']

/** What executions may come to. */
const OUTCOMES = ['data', 'nullData', 'error', 'errorWithoutPath', 'valueCompletion', 'sharedRepresentation'] as const

export type Outcome = (typeof OUTCOMES)[number]

/** Counts what generated cases had, so that none is left out unnoticed. */
export class Coverage {
  readonly #counts = new Map<string, number>(
    [...GRAPH_FEATURES, ...OPERATION_FEATURES, ...FAULTS, ...PLAN_FEATURES, ...OUTCOMES].map((name) => [name, 0]),
  )

  /** @throws Error for a name that nobody knows. */
  add(features: Iterable<string>): void {
    for (const name of features) {
      const count = this.#counts.get(name)
      if (count === undefined) throw new Error(`${name} is no feature.`)
      this.#counts.set(name, count + 1)
    }
  }

  addPlan(plan: QueryPlan): void {
    const text = JSON.stringify(plan, (key, value) => (key === 'operationDocumentNode' ? undefined : value))
    this.add(PLAN_FEATURES.filter((name) => text.includes(`"${name}"`)))
  }

  addOutcomes(outcomes: Iterable<Outcome>): void {
    this.add(outcomes)
  }

  /** How many of these have not been reached yet. */
  newIn(features: ReadonlySet<string>): number {
    return [...features].filter((name) => this.#counts.get(name) === 0).length
  }

  get missing(): string[] {
    return [...this.#counts].filter(([, count]) => count === 0).map(([name]) => name)
  }
}
