import { ApplicationError } from '../../platform/errors.ts'

/** Nothing of the operation was read, because there is no room for it, or because the process stops. */
export class TurnedAwayError extends ApplicationError {
  override readonly name = 'TurnedAwayError'
  /** Under which code it is counted: the client's, which makes it come again, is that of a subgraph that is away. */
  readonly countedAs: 'OVERLOADED' | 'DRAINING'

  constructor(countedAs: TurnedAwayError['countedAs']) {
    super('SUBGRAPH_UNAVAILABLE', 'The gateway is full or stops; come again later.')
    this.countedAs = countedAs
  }
}
