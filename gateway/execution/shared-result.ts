import type { FormattedExecutionResult } from 'graphql'
import { isUnauthorizedError } from '../authorization/unauthorized-error.ts'
import type { EventResult } from './event-executor.ts'
import { SharedAttempt } from './shared-attempt.ts'

/** So many viewers have to get a failure of a kind before the others draw a conclusion from it. */
const BELIEVED_FAILURES = 3

/** Codes that speak of a service and not of who asks it. */
const OF_SERVICE: ReadonlySet<unknown> = new Set([
  'SUBGRAPH_UNAVAILABLE',
  'OPERATION_TOO_EXPENSIVE',
  'INTERNAL_SERVER_ERROR',
])

/** One viewer's share in a result. */
export interface Viewing {
  /** Aborts when the viewer has left. */
  readonly abandoned: AbortSignal
  /** Whether their time is up. */
  readonly isLate: boolean
  /** Executes as this viewer; never rejects. */
  execute(abandoned: AbortSignal): Promise<EventResult>
  /** What this viewer is told of a result, under their own request's id. */
  onTheWire(result: EventResult): FormattedExecutionResult
  /** The text that this viewer gets when there can be none of a result. */
  failed(error: unknown): string
}

/** A text for everybody, or a failure: whoever ran into it has their text, the others need one of their own. */
type Outcome = { readonly text: string } | Failure

interface Failure {
  readonly text?: never
  readonly ownText: string
  readonly result: EventResult
  /** What all of it speaks of; what was given up says nothing at all, and who shares a result has the same rights. */
  readonly about: 'service' | 'rights' | 'viewer' | 'nothing'
}

/**
 * One result for all viewers to whom it is equal. The first executes, the others wait for the same text. An execution
 * with errors is for the one who ran it: the next who waits tries, one after the other, so that a service that is away
 * is not asked by everybody at once. What failed for {@link BELIEVED_FAILURES} viewers in a row for the service's own
 * reasons is told to all who wait, and so it is to whoever has no time left. Where as many got failures that may be
 * their own, everybody executes for themselves and all at once, until one succeeds.
 */
export class SharedResult {
  readonly #onText: (text: string) => void
  #text: Promise<string> | undefined
  #attempt: SharedAttempt<Outcome> | undefined
  /** In a row. */
  #failuresOfService = 0
  /** Since the last success. */
  #failuresOfViewers = 0

  /** @param onText is told of each text that everybody gets from then on. */
  constructor(onText: (text: string) => void) {
    this.#onText = onText
  }

  /** The text for one viewer. Never rejects. */
  textFor(viewing: Viewing): Promise<string> {
    return this.#text ?? this.#waitFor(viewing)
  }

  async #waitFor(viewing: Viewing): Promise<string> {
    try {
      for (;;) {
        if (this.#isForEachAlone) return await this.#textAlone(viewing)
        const running = this.#attempt
        running?.join(viewing.abandoned)
        const outcome = await (running ?? this.#begin(viewing)).outcome
        if (outcome.text !== undefined) return outcome.text
        if (!running) return outcome.ownText
        if (viewing.abandoned.aborted || this.#isForAll(outcome, viewing)) {
          return JSON.stringify(viewing.onTheWire(outcome.result))
        }
      }
    } catch (error) {
      return viewing.failed(error)
    }
  }

  get #isForEachAlone(): boolean {
    return this.#failuresOfViewers >= BELIEVED_FAILURES
  }

  #isForAll({ about }: Failure, viewing: Viewing): boolean {
    return about === 'rights' || (about === 'service' && this.#isBelievedBy(viewing))
  }

  #isBelievedBy({ isLate }: Viewing): boolean {
    return isLate || this.#failuresOfService >= BELIEVED_FAILURES
  }

  async #textAlone(viewing: Viewing): Promise<string> {
    const outcome = await this.#outcomeFor(viewing, viewing.abandoned)
    return outcome.text ?? outcome.ownText
  }

  #begin(viewing: Viewing): SharedAttempt<Outcome> {
    this.#attempt = new SharedAttempt(viewing.abandoned, async (abandoned) => {
      try {
        return await this.#outcomeFor(viewing, abandoned)
      } finally {
        this.#attempt = undefined
      }
    })
    return this.#attempt
  }

  /** @throws what there can be no text for; it is the same for everybody who waits. */
  async #outcomeFor(viewing: Viewing, abandoned: AbortSignal): Promise<Outcome> {
    const outcome = outcomeOf(viewing, await viewing.execute(abandoned), abandoned)
    if (outcome.text !== undefined) this.#succeed(outcome.text)
    else this.#fail(outcome)
    return outcome
  }

  #succeed(text: string): void {
    this.#text = Promise.resolve(text)
    this.#failuresOfService = 0
    this.#failuresOfViewers = 0
    this.#onText(text)
  }

  #fail({ about }: Failure): void {
    if (about === 'nothing' || about === 'rights') return
    this.#failuresOfService = about === 'service' ? this.#failuresOfService + 1 : 0
    if (about === 'viewer') this.#failuresOfViewers += 1
  }
}

function outcomeOf(viewing: Viewing, result: EventResult, abandoned: AbortSignal): Outcome {
  const { errors, ...rest } = viewing.onTheWire(result)
  if (!errors) return { text: JSON.stringify(rest) }
  const isOfRights = result.errors?.every((error) => isUnauthorizedError(error))
  const isOfService = errors.every(({ extensions }) => OF_SERVICE.has(extensions?.code))
  const about = isOfRights ? 'rights' : isOfService ? 'service' : 'viewer'
  return { ownText: JSON.stringify({ ...rest, errors }), result, about: abandoned.aborted ? 'nothing' : about }
}
