import type { FormattedExecutionResult } from 'graphql'
import type { Logger } from '../../platform/logging.ts'
import type { JsonResults } from '../protection/cost-report.ts'
import type { ClientSession } from '../sessions/client-session.ts'
import type { Connection } from '../sessions/drain.ts'
import type { ResponseStream } from './response-stream.ts'

/** What an operation gives: one result, or one after the other. */
type Outcome = Promise<FormattedExecutionResult> | JsonResults

/** One operation whose results are streamed into its response: a query or mutation gives one, a subscription many. */
export class StreamedOperation implements Connection {
  readonly #session: Pick<ClientSession, 'end'>
  readonly #outcome: Outcome
  readonly #response: ResponseStream
  readonly #answered: Promise<unknown>
  readonly #logger: Logger

  /** Begins to write; a result is taken when the kernel has taken the one before. */
  constructor(
    session: Pick<ClientSession, 'end'>,
    outcome: Outcome,
    { response, logger }: { readonly response: ResponseStream; readonly logger: Logger },
  ) {
    this.#session = session
    this.#outcome = outcome
    this.#response = response
    this.#logger = logger
    const written = this.#writeAll()
    this.#answered = 'next' in outcome ? Promise.resolve() : written
  }

  get isOpen(): boolean {
    return this.#response.isOpen
  }

  async allAnswered(): Promise<void> {
    await this.#answered
  }

  sendAway(): void {
    this.#response.sendAway()
    this.#session.end()
  }

  terminate(): void {
    this.#response.terminate()
  }

  /**
   * Ends what has not ended by itself although its client is not known any more.
   *
   * @param json the result that says so. A subscription has said it already, to a client that does not read.
   */
  disown(json: string): void {
    if (!this.isOpen) return
    if ('next' in this.#outcome) this.terminate()
    else {
      void this.#response.send(json)
      this.#response.complete()
      this.#session.end()
    }
  }

  /** Never rejects: what cannot be written breaks off. */
  async #writeAll(): Promise<void> {
    try {
      if ('next' in this.#outcome) {
        for await (const json of this.#outcome) await this.#response.send(json)
      } else await this.#response.send(JSON.stringify(await this.#outcome))
      this.#response.complete()
    } catch (error) {
      this.#logger.error({ err: error }, 'a stream breaks off')
      this.#response.terminate()
    }
  }
}
