import type { ContextArguments } from './context-arguments.ts'
import type { EntityAnswer } from './entity-answer.ts'
import type { Execution } from './execution.ts'
import type { JsonObject } from './own-property.ts'
import { addError, failureAt } from './run-errors.ts'
import type { Step } from './step.ts'
import type { SubgraphFetch } from './subgraph-fetch.ts'
import type { FoundEntities, WantedEntities } from './wanted-entities.ts'

/** How one fetch of entities is made. */
interface EntityFetch {
  readonly wanted: WantedEntities
  readonly fetch: SubgraphFetch
  readonly answer: EntityAnswer
  /** Absent: every entity is fetched with the same variables. */
  readonly context: ContextArguments | undefined
}

/** A fetch of what a subgraph adds to entities that others have answered. */
export class EntityFetchStep implements Step {
  readonly #parts: EntityFetch

  constructor(parts: EntityFetch) {
    this.#parts = parts
  }

  run(execution: Execution): Promise<void> | undefined {
    const { wanted, context } = this.#parts
    const { data } = execution.run
    if (!context) return this.#fetchFor(wanted.in(data, execution.found), execution)
    const parts = context.partition(wanted.path.targetsIn(data), data)
    const work = parts.map(({ targets, values }) => this.#fetchFor(wanted.among(targets), execution, values))
    return work.length > 0 ? Promise.all(work).then(() => {}) : undefined
  }

  #fetchFor(
    { targets, entities }: FoundEntities,
    execution: Execution,
    context?: JsonObject,
  ): Promise<void> | undefined {
    const { wanted, fetch, answer } = this.#parts
    const { errors } = execution.run
    if (entities.list.length === 0) return undefined
    return fetch
      .ask(execution, entities, context)
      .then((response) => {
        execution.found.clear()
        answer.addTo(targets, entities.placeOf, response, errors, execution.merge)
      })
      .catch((reason: unknown) => addError(errors, failureAt(reason, wanted.path.keys)))
  }
}
