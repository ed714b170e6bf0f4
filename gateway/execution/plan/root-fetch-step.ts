import type { Execution } from './execution.ts'
import type { RootAnswer } from './root-answer.ts'
import { addError, failureAt } from './run-errors.ts'
import type { Step } from './step.ts'
import type { SubgraphFetch } from './subgraph-fetch.ts'
import type { TargetPath } from './target-path.ts'

/** A fetch that begins at a root type of its subgraph. */
export class RootFetchStep implements Step {
  readonly #path: TargetPath
  readonly #fetch: SubgraphFetch
  readonly #answer: RootAnswer

  constructor(path: TargetPath, fetch: SubgraphFetch, answer: RootAnswer) {
    this.#path = path
    this.#fetch = fetch
    this.#answer = answer
  }

  run(execution: Execution): Promise<void> | undefined {
    const { data, errors } = execution.run
    const targets = this.#path.targetsIn(data)
    if (targets.objects.length === 0) return undefined
    return this.#fetch
      .ask(execution)
      .then((answer) => {
        execution.found.clear()
        this.#answer.addTo(targets, answer, errors, execution.merge)
      })
      .catch((reason: unknown) => addError(errors, failureAt(reason, this.#path.keys)))
  }
}
