import type { Execution } from './execution.ts'
import { readOwn } from './own-property.ts'
import { addError } from './run-errors.ts'
import type { Step } from './step.ts'

/** One step after another. */
export class SequenceStep implements Step {
  readonly #steps: readonly Step[]

  constructor(steps: readonly Step[]) {
    this.#steps = steps
  }

  run(execution: Execution): Promise<void> | undefined {
    return this.#runFrom(0, execution)
  }

  #runFrom(first: number, execution: Execution): Promise<void> | undefined {
    for (let index = first; index < this.#steps.length; index += 1) {
      const work = this.#steps[index]?.run(execution)
      if (work) return work.then(() => this.#runFrom(index + 1, execution))
    }
    return undefined
  }
}

/** Steps side by side, begun in their order. */
export class ParallelStep implements Step {
  readonly #steps: readonly Step[]

  constructor(steps: readonly Step[]) {
    this.#steps = steps
  }

  run(execution: Execution): Promise<void> | undefined {
    const work: Promise<void>[] = []
    for (const step of this.#steps) {
      const begun = step.run(execution)
      if (begun) work.push(begun)
    }
    return work.length > 1 ? Promise.all(work).then(nothing) : work[0]
  }
}

function nothing(): void {}

/** What depends on a variable of `@include` or `@skip`. */
export class ConditionStep implements Step {
  readonly #variable: string
  readonly #default: unknown
  readonly #branches: { readonly ifTrue: Step | undefined; readonly ifFalse: Step | undefined }

  constructor(variable: { name: string; default: unknown }, branches: { ifTrue?: Step; ifFalse?: Step }) {
    this.#variable = variable.name
    this.#default = variable.default
    this.#branches = { ifTrue: branches.ifTrue, ifFalse: branches.ifFalse }
  }

  run(execution: Execution): Promise<void> | undefined {
    const { variables, errors } = execution.run
    const given = readOwn(variables, this.#variable)
    const value = given === undefined ? this.#default : given
    if (value === true) return this.#branches.ifTrue?.run(execution)
    if (value === false) return this.#branches.ifFalse?.run(execution)
    addError(errors, new Error(`The variable $${this.#variable} has to be a Boolean.`))
    return undefined
  }
}
