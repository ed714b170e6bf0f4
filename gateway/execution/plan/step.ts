import type { Execution } from './execution.ts'

/** A part of a plan, compiled. Holds no state of a run. */
export interface Step {
  /**
   * Never rejects and never throws: what fails is among the errors of the run.
   *
   * @returns undefined when it is done already.
   */
  run(execution: Execution): Promise<void> | undefined
}
