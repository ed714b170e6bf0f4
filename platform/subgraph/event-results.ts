import { type ExecutionResult, execute, type GraphQLError } from 'graphql'
import { ApplicationError } from '../errors.ts'
import { asGraphQLError, toWireError } from '../graphql-errors.ts'
import type { Logger } from '../logging.ts'
import type { Operation } from './operation.ts'
import { codeOfFirst } from './operation-metrics.ts'
import { SharedResults } from './shared-results.ts'
import type { SourceStream } from './source-stream.ts'

/**
 * The most that one event may take, in characters of JSON, which are at most three bytes each. A gateway closes a
 * connection on a frame of more than 32 MB, and it carries the streams of many.
 */
const MOST_CHARACTERS = 4_000_000

/** The right to what an event tells. */
type Rights = Pick<SourceStream<unknown>, 'mayStill'>

/** What is sent for a result. */
interface Answer {
  /** JSON. */
  readonly text: string
  /** Of its first error. */
  readonly code: string | undefined
}

/** What is sent for an event. */
interface EventText {
  readonly text: string
  /** Whether others who get the same may have it too. */
  readonly isForAll: boolean
}

/** Executes operations for events, and writes the results as JSON; once for all who get the same, see {@link Operation}. */
export class EventResults {
  readonly #logger: Logger
  readonly #shared = new SharedResults()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * What is sent for an event; an error in its place when that would be more than four million characters.
   *
   * @param rights of the operation's viewer.
   * @throws UnauthenticatedError when the viewer is not signed in any more.
   */
  async textFor(operation: Operation, event: unknown, rights: Rights): Promise<string> {
    const { selection } = operation
    if (selection === undefined || typeof event !== 'object' || event === null) return this.#alone(operation, event)
    const shared = this.#shared.find(event, selection)
    if (!shared) return this.#forAll(operation, event, selection)
    const text = await shared
    // Asked only now: the text may tell what was written after its reader had lost the right to read.
    if (text === undefined || !(await mayStill(rights, event))) return this.#alone(operation, event)
    operation.requireCurrent()
    return text
  }

  /**
   * The result of an operation for an event, in a context of its own.
   *
   * @throws UnauthenticatedError when the viewer is not signed in any more.
   */
  async execute({ args, createContext }: Operation, event?: unknown): Promise<ExecutionResult> {
    return execute({ ...args, rootValue: event, contextValue: createContext() })
  }

  /** What is sent for a result, its errors fit for who asked. */
  toAnswer({ data, errors }: ExecutionResult, { requestId }: Operation): Answer {
    if (!errors) return { text: JSON.stringify({ data }), code: undefined }
    const onTheWire = errors.map((error: GraphQLError) => toWireError(error, requestId, this.#logger))
    return { text: JSON.stringify({ data, errors: onTheWire }), code: codeOfFirst(onTheWire) }
  }

  /** What is sent for a failure. */
  errorAnswer(error: unknown, operation: Operation): Answer {
    return this.toAnswer({ errors: [asGraphQLError(error)] }, operation)
  }

  async #alone(operation: Operation, event: unknown): Promise<string> {
    return this.#textOf(await this.execute(operation, event), operation).text
  }

  /** Executes for one in the name of all who come within a second. Errors are never for others. */
  async #forAll(operation: Operation, event: object, selection: string): Promise<string> {
    operation.requireCurrent()
    const executing = this.execute(operation, event)
    const told = executing.then((result) => this.#textOf(result, operation))
    const forAll = told.then(
      ({ text, isForAll }) => (isForAll ? text : undefined),
      () => undefined,
    )
    this.#shared.offer(event, selection, forAll)
    return (await told).text
  }

  #textOf(result: ExecutionResult, operation: Operation): EventText {
    const { text } = this.toAnswer(result, operation)
    if (text.length <= MOST_CHARACTERS) return { text, isForAll: !result.errors }
    const errors = [asGraphQLError(new EventTooLargeError())]
    return { text: this.toAnswer({ data: null, errors }, operation).text, isForAll: false }
  }
}

class EventTooLargeError extends ApplicationError {
  override readonly name = 'EventTooLargeError'

  constructor() {
    super('OPERATION_TOO_EXPENSIVE', 'The event takes more than 4,000,000 characters; select less of each event.')
  }
}

/** Who cannot be asked about is not told what was made for others: executed for themselves, they learn why. */
async function mayStill(rights: Rights, event: unknown): Promise<boolean> {
  try {
    return (await rights.mayStill?.(event)) ?? true
  } catch {
    return false
  }
}
