import type { Execution } from './execution.ts'
import { copyOf } from './merge.ts'
import type { RootAnswer } from './root-answer.ts'
import { addError } from './run-errors.ts'
import type { Step } from './step.ts'
import type { TargetPath } from './target-path.ts'

/** Takes the event of a subscription for the answer to its primary fetch. */
export class EventStep implements Step {
  readonly #root: TargetPath
  readonly #answer: RootAnswer
  readonly #isWritten: boolean

  /** @param isCompleted whether other fetches add to the event. */
  constructor(root: TargetPath, answer: RootAnswer, isCompleted: boolean) {
    this.#root = root
    this.#answer = answer
    this.#isWritten = isCompleted || answer.isRewritten
  }

  run({ run: { event, data, errors } }: Execution): undefined {
    if (!event) addError(errors, new Error('A subscription is run for an event.'))
    else {
      const own = this.#isWritten ? { ...event, data: copyOf(event.data) } : event
      this.#answer.addTo(this.#root.targetsIn(data), own, errors)
    }
  }
}
