import { ApplicationError } from '../../platform/errors.ts'

/** An operation asks for more than one may; the message names the limit. */
export class LimitExceededError extends ApplicationError {
  override readonly name = 'LimitExceededError'

  constructor(message: string) {
    super('OPERATION_TOO_EXPENSIVE', message)
  }
}
