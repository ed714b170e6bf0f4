import { type ExecutionResult, execute, type GraphQLError } from 'graphql'
import { asGraphQLError, toWireError } from '../graphql-errors.ts'
import type { Logger } from '../logging.ts'
import type { Operation } from './operation.ts'
import { SharedResults } from './shared-results.ts'

/** Executes operations for events, and writes the results as JSON; once for all who get the same, see {@link Operation}. */
export class EventResults {
  readonly #logger: Logger
  readonly #shared = new SharedResults()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * What is sent for an event.
   *
   * @throws UnauthenticatedError when the viewer is not signed in any more.
   */
  async textFor(operation: Operation, event: unknown): Promise<string> {
    const { selection } = operation
    if (selection === undefined || typeof event !== 'object' || event === null) return this.#alone(operation, event)
    const shared = this.#shared.find(event, selection)
    if (!shared) return this.#forAll(operation, event, selection)
    const text = await shared
    operation.requireCurrent()
    return text ?? this.#alone(operation, event)
  }

  /**
   * The result of an operation for an event, in a context of its own.
   *
   * @throws UnauthenticatedError when the viewer is not signed in any more.
   */
  async execute({ args, createContext }: Operation, event?: unknown): Promise<ExecutionResult> {
    return execute({ ...args, rootValue: event, contextValue: createContext() })
  }

  /** A result as JSON, its errors fit for who asked. */
  toText({ data, errors }: ExecutionResult, { requestId }: Operation): string {
    if (!errors) return JSON.stringify({ data })
    const onTheWire = errors.map((error: GraphQLError) => toWireError(error, requestId, this.#logger))
    return JSON.stringify({ data, errors: onTheWire })
  }

  /** A failure as JSON. */
  errorText(error: unknown, operation: Operation): string {
    return this.toText({ errors: [asGraphQLError(error)] }, operation)
  }

  async #alone(operation: Operation, event: unknown): Promise<string> {
    return this.toText(await this.execute(operation, event), operation)
  }

  /** Executes for one in the name of all who come within a second. Errors are never for others. */
  async #forAll(operation: Operation, event: object, selection: string): Promise<string> {
    operation.requireCurrent()
    const executing = this.execute(operation, event)
    const text = executing.then(
      (result) => (result.errors ? undefined : this.toText(result, operation)),
      () => undefined,
    )
    this.#shared.offer(event, selection, text)
    return (await text) ?? this.toText(await executing, operation)
  }
}
