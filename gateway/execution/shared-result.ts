import type { FormattedExecutionResult } from 'graphql'
import type { EventResult } from './event-executor.ts'
import { SharedAttempt } from './shared-attempt.ts'

/** What entities a result was completed with may have changed since: whoever comes later gets one of their own time. */
const FRESH_MS = 1_000

/** Of so many viewers in a row each has to get a failure of the service before the others believe in it. */
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
  /** In milliseconds, of a clock that never goes back. */
  readonly now: number
  /** Whether their time is up. */
  readonly isLate: boolean
  /** Executes as this viewer; never rejects. */
  execute(abandoned: AbortSignal): Promise<EventResult>
  /** What this viewer is told of a result, under their own request's id. */
  onTheWire(result: EventResult): FormattedExecutionResult
}

/** A text for everybody, or a failure: whoever ran into it has their text, the others need one of their own. */
type Outcome = { readonly text: string } | Failure

interface Failure {
  readonly text?: never
  readonly ownText: string
  readonly result: EventResult
  /** Whether all of it speaks of a service and not of who asks it. */
  readonly isOfService: boolean
}

/**
 * One result for all viewers to whom it is equal. The first executes, the others wait for the same text. An execution
 * with errors is for the one who ran it: the next who waits tries, one after the other, so that a service that is away
 * is not asked by everybody at once. What failed for {@link BELIEVED_FAILURES} viewers in a row for the service's own
 * reasons is told to all who wait, and so it is to whoever has no time left.
 */
export class SharedResult {
  readonly #isTimeless: boolean
  #text: Promise<string> | undefined
  #freshUntil = 0
  #attempt: SharedAttempt<Outcome> | undefined
  #failures = 0

  /** @param isTimeless whether it is the same at any time. */
  constructor(isTimeless: boolean) {
    this.#isTimeless = isTimeless
  }

  /** The text for one viewer. Never rejects. */
  textFor(viewing: Viewing): Promise<string> {
    if (this.#text && (this.#isTimeless || viewing.now < this.#freshUntil)) return this.#text
    return this.#waitFor(viewing)
  }

  async #waitFor(viewing: Viewing): Promise<string> {
    for (;;) {
      const running = this.#attempt
      running?.join(viewing.abandoned)
      const outcome = await (running ?? this.#begin(viewing)).outcome
      if (outcome.text !== undefined) return outcome.text
      if (!running) return outcome.ownText
      if (viewing.abandoned.aborted || (outcome.isOfService && this.#isBelievedBy(viewing))) {
        return JSON.stringify(viewing.onTheWire(outcome.result))
      }
    }
  }

  #isBelievedBy({ isLate }: Viewing): boolean {
    return isLate || this.#failures >= BELIEVED_FAILURES
  }

  #begin(viewing: Viewing): SharedAttempt<Outcome> {
    this.#attempt = new SharedAttempt(viewing.abandoned, async (abandoned) => {
      const outcome = outcomeOf(viewing, await viewing.execute(abandoned), abandoned)
      this.#attempt = undefined
      if (outcome.text !== undefined) this.#keep(outcome.text, viewing.now)
      else this.#failures = outcome.isOfService ? this.#failures + 1 : 0
      return outcome
    })
    return this.#attempt
  }

  #keep(text: string, now: number): void {
    this.#text = Promise.resolve(text)
    this.#freshUntil = now + FRESH_MS
    this.#failures = 0
  }
}

function outcomeOf(viewing: Viewing, result: EventResult, abandoned: AbortSignal): Outcome {
  const { errors, ...rest } = viewing.onTheWire(result)
  if (!errors) return { text: JSON.stringify(rest) }
  return {
    ownText: JSON.stringify({ ...rest, errors }),
    result,
    // What was given up says nothing at all.
    isOfService: !abandoned.aborted && errors.every(({ extensions }) => OF_SERVICE.has(extensions?.code)),
  }
}
