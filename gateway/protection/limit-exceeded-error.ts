import { ApplicationError } from '../../platform/errors.ts'

/** An operation asks for more than one may; the message names the limit. */
export class LimitExceededError extends ApplicationError {
  override readonly name = 'LimitExceededError'

  constructor(message: string) {
    super('OPERATION_TOO_EXPENSIVE', message)
  }
}

/** An operation costs more than one may; `extensions` tell how much that is, and how much it may. */
export class CostExceededError extends LimitExceededError {
  override readonly details: Readonly<Record<'cost' | 'limit', number>>

  constructor(cost: number, limit: number) {
    super(`The operation costs ${cost}; the limit is ${limit}. Ask for less, or in smaller pages.`)
    this.details = { cost, limit }
  }
}
