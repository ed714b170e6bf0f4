import { ApplicationError, RateLimitedError } from '../../platform/errors.ts'
import type { RefusalReason, Refusing } from './refusals.ts'

/** An operation asks for more than one may; the message names the limit. */
export class LimitExceededError extends ApplicationError implements Refusing {
  override readonly name = 'LimitExceededError'
  readonly refusal: RefusalReason

  /** @param limit that is exceeded, as it is counted. */
  constructor(limit: RefusalReason, message: string) {
    super('OPERATION_TOO_EXPENSIVE', message)
    this.refusal = limit
  }
}

/** An operation costs more than one may; `extensions` tell how much that is, and how much it may. */
export class CostExceededError extends LimitExceededError {
  override readonly details: Readonly<Record<'cost' | 'limit', number>>

  constructor(cost: number, limit: number) {
    super('cost', `The operation costs ${cost}; the limit is ${limit}. Ask for less, or in smaller pages.`)
    this.details = { cost, limit }
  }
}

/** Somebody does something more often than one may. */
export class RateExceededError extends RateLimitedError implements Refusing {
  readonly refusal: RefusalReason

  /** @param limit that is exceeded, as it is counted. */
  constructor(limit: RefusalReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.refusal = limit
  }
}
