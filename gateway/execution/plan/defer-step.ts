import type { Execution } from './execution.ts'
import type { Step } from './step.ts'

/** What is fetched for one deferred part. */
export interface DeferredStep {
  readonly label: string
  /** The fetches that it begins after. */
  readonly dependencies: readonly string[]
  /** Absent: others fetch all of it. */
  readonly step: Step | undefined
  /** The fetches within it that others may depend on. */
  readonly fetches: readonly string[]
}

/** Fetches what is not deferred, and has what is deferred begin when what it depends on is there. */
export class DeferStep implements Step {
  readonly #primary: Step | undefined
  /** The fetches within the primary part that others may depend on. */
  readonly #fetches: readonly string[]
  readonly #deferred: readonly DeferredStep[]

  constructor(primary: Step | undefined, fetches: readonly string[], deferred: readonly DeferredStep[]) {
    this.#primary = primary
    this.#fetches = fetches
    this.#deferred = deferred
  }

  /** @returns when the primary part is fetched; the deferred parts go on in the run's {@link Execution.deferral}. */
  run(execution: Execution): Promise<void> | undefined {
    const { deferral } = execution
    for (const { label, dependencies, step, fetches } of this.#deferred) {
      deferral.begin(label, dependencies, async (errors) => {
        await step?.run(execution.forPart(errors))
        settleAll(fetches, execution)
      })
    }
    const work = this.#primary?.run(execution)
    if (work) return work.then(() => settleAll(this.#fetches, execution))
    settleAll(this.#fetches, execution)
    return undefined
  }
}

/** Whatever a condition has left out, or the data had nothing for, is not waited for. */
function settleAll(fetches: readonly string[], { deferral }: Execution): void {
  for (const id of fetches) deferral.settle(id)
}

/** A fetch that deferred parts may depend on. */
export class AwaitedStep implements Step {
  readonly #id: string
  readonly #step: Step

  constructor(id: string, step: Step) {
    this.#id = id
    this.#step = step
  }

  run(execution: Execution): Promise<void> | undefined {
    const { deferral } = execution
    const work = this.#step.run(execution)
    if (work) return work.then(() => deferral.settle(this.#id))
    deferral.settle(this.#id)
    return undefined
  }
}
