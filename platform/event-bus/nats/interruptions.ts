import type { Logger } from '../../logging.ts'

/** Tells the log that NATS went away, why, and that it is back: each once. */
export class NatsInterruptions {
  readonly #logger: Logger
  #isAway = false
  #hasRefused = false
  #lastError: unknown

  constructor(logger: Logger) {
    this.#logger = logger
  }

  failed(error: unknown): void {
    this.#lastError = error
    // While it is away, refusals are why.
    if (this.#isAway || this.#hasRefused) return
    this.#hasRefused = true
    this.#logger.warn({ reason: reasonOf(error) }, 'NATS refuses something; its permissions or its log say what.')
  }

  away(error: unknown): void {
    if (this.#isAway) return
    this.#isAway = true
    const reason = reasonOf(error ?? this.#lastError)
    this.#logger.warn({ reason }, 'NATS is away; until it is back processes find out by looking.')
  }

  back(): void {
    if (this.#isAway) this.#logger.info('NATS is back.')
    this.#isAway = false
    this.#hasRefused = false
    this.#lastError = undefined
  }
}

/** The code or the class of an error: its words might repeat an address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection broke'
  const { code } = (error.cause ?? error) as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}
