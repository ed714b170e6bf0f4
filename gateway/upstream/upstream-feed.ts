import type { GraphQLFormattedError } from 'graphql'
import { BadUserInputError, SubgraphUnavailableError } from '../../platform/errors.ts'
import type { ForwardedError } from '../../platform/graphql-errors.ts'
import { forwardedError } from '../execution/subgraph-response.ts'
import { type Patience, Reopening, type ReopeningGate, spreadMs } from './reopening.ts'
import type { Timers } from './timers.ts'
import type { UpstreamSink } from './upstream-connection.ts'
import type { UpstreamEvent } from './upstream-event.ts'
import type { UpstreamOperations } from './upstream-operations.ts'
import { signalsIn } from './upstream-signals.ts'
import type { UpstreamSubscription } from './upstream-socket.ts'

/** An upstream that tells something and stays open as long has succeeded, as one has that tells a position. */
const SETTLED_MS = 5_000

/** An operation that was not refused within as long is taken for open: nothing says that it is before its first event. */
const NOT_REFUSED_MS = 1_000

/** How long an operation that was sent again counts as being opened, if nothing comes of it. */
const OPENING_MS = 100

/** An event that fails as often, and not because something is away, is handed on as it is. */
const MAX_FAILURES = 3

/** Codes that say nothing about the request: the same one may succeed later. */
const PASSING = new Set(['SUBGRAPH_UNAVAILABLE', 'INTERNAL_SERVER_ERROR'])

/** What a feed is made of. */
export interface FeedParts {
  readonly subgraph: string
  readonly delivery: UpstreamOperations['delivery']
  /** The position that the client itself asked to begin after, if any. */
  readonly beginsAfter: unknown
  /** @throws SyntaxError when the text is not JSON. */
  read(text: string): UpstreamEvent
  /** Subscribes after a position, if there is one. */
  subscribe(from: { after: unknown; isReopened: boolean }, sink: UpstreamSink): UpstreamSubscription
  readonly gate: ReopeningGate
  readonly patience: Patience
  readonly timers: Timers
  random(): number
  /** Called once: something came of the subscription, or it was sent and not refused within a second. */
  onOpened(): void
  /** Called when the upstream was lost and its operation is sent again. */
  onReconnect(): void
  /** Called when the subgraph ends the stream because it does not, or no longer, know who it is for. */
  onUnauthenticated(): void
}

/** Who gets what a feed hears. */
export interface FeedConsumer {
  /** @returns false when it does not take the event; then it has paused or stopped the feed. */
  push(event: UpstreamEvent): boolean
  /** Nothing more comes. */
  finish(errors?: readonly Error[]): void
}

/**
 * Where the events of one stream come from: an upstream subscription, and when it is lost the next one. A resumable one
 * goes on after the position of the last event that its consumer took, so that nothing is missing and nothing doubled;
 * a replayable one begins anew; any other one ends.
 */
export class UpstreamFeed {
  readonly #parts: FeedParts
  readonly #consumer: FeedConsumer
  readonly #reopening: Reopening
  readonly #sink: UpstreamSink
  #subscription: UpstreamSubscription | undefined
  /** Gives up the wait for the next try. */
  #cancel: (() => void) | undefined
  #leaveGate: (() => void) | undefined
  /** Waits no longer for a refusal. */
  #unwatch: (() => void) | undefined
  #isOpened = false
  #position: unknown
  /** The position that everything comes after. That of the first event is none: the event itself is not after it. */
  #origin: unknown
  #isPaused = false
  #isStopped = false
  /** It was lost, and its operation has not been sent again yet. */
  #isAway = false
  #wasOpen = false
  /** Whether anything came of the operation that was sent last, and of any. */
  #isHeard = false
  #wasHeard = false
  #firstSentAt: number | undefined
  #sentAt: number | undefined
  #failures = 0

  constructor(parts: FeedParts, consumer: FeedConsumer) {
    const { patience, random, timers, beginsAfter } = parts
    this.#parts = parts
    this.#consumer = consumer
    this.#reopening = new Reopening({ patience, random, now: timers.now() })
    this.#position = beginsAfter ?? undefined
    this.#origin = this.#position
    this.#sink = {
      sent: () => this.#sent(),
      next: (text) => this.#hear(text),
      complete: () => this.#end(),
      refused: (errors) => this.#refused(errors),
      lost: (together) => this.#lost(together),
    }
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  start(): void {
    this.#open()
  }

  /** Leaves the upstream until it is resumed. @returns false when that would leave a gap; then nothing happens. */
  pause(): boolean {
    if (this.#isStopped || !this.#parts.delivery) return false
    if (this.#parts.delivery.kind === 'resumable' && this.#position === undefined) return false
    this.#leave()
    this.#isPaused = true
    return true
  }

  /** Pauses, and goes on after an earlier position, or from the beginning. @returns as {@link pause}. */
  rewind(position: unknown): boolean {
    const earlier = position ?? this.#origin
    if (this.#parts.delivery?.kind === 'resumable' && earlier === undefined) return false
    if (!this.pause()) return false
    this.#position = earlier
    return true
  }

  resume(): void {
    if (!this.#isPaused || this.#isStopped) return
    this.#isPaused = false
    this.#reopening.succeeded()
    this.#reopen()
  }

  /**
   * Leaves the upstream for another one, to which {@link FeedParts.subscribe} leads from now on.
   *
   * @param withinMs in which it is opened there.
   * @returns as {@link pause}.
   */
  move(withinMs: number): boolean {
    // What is away comes back over there by itself.
    if (this.#isStopped || !this.#subscription) return true
    if (!this.#canReopen(this.#parts.timers.now())) return false
    this.#again(withinMs)
    return true
  }

  stop(): void {
    this.#isStopped = true
    this.#leave()
  }

  #open(): void {
    const from = { after: this.#position, isReopened: this.#firstSentAt !== undefined }
    this.#sentAt = undefined
    this.#isHeard = false
    this.#subscription = this.#parts.subscribe(from, this.#sink)
  }

  #reopen(): void {
    this.#leaveGate = this.#parts.gate.enter((leave) => {
      this.#leaveGate = leave
      this.#open()
    })
  }

  #sent(): void {
    this.#sentAt = this.#parts.timers.now()
    this.#firstSentAt ??= this.#sentAt
    if (this.#isAway) this.#parts.onReconnect()
    this.#isAway = false
    if (!this.#isOpened) this.#unwatch = this.#parts.timers.after(NOT_REFUSED_MS, () => this.#opened())
    if (this.#leaveGate) this.#cancel = this.#parts.timers.after(OPENING_MS, this.#leaveGate)
  }

  #hear(text: string): void {
    const event = this.#parts.read(text)
    const { opensAt, isEmpty, reconnectWithinMs, refusal, failure } = signalsIn(event.payload)
    this.#leaveGate?.()
    if (refusal || reconnectWithinMs !== undefined) this.#unwatch?.()
    else this.#opened()
    if (refusal && (this.#parts.delivery || refusal.some(isUnauthenticated))) this.#refused(refusal)
    else {
      this.#isHeard = this.#wasOpen = true
      // One that is drained may not have begun yet: then nothing of it was heard.
      this.#wasHeard ||= reconnectWithinMs === undefined
      if (reconnectWithinMs !== undefined) this.#drained(reconnectWithinMs)
      else if (failure && this.#isToBeToldAgain(failure)) this.#again(spreadMs(1), failure.map(forwarded))
      else {
        if (opensAt !== undefined) this.#begin(opensAt)
        if (!isEmpty) this.#hand(event)
      }
    }
  }

  #opened(): void {
    this.#unwatch?.()
    if (this.#isOpened) return
    this.#isOpened = true
    this.#parts.onOpened()
  }

  #begin(opensAt: unknown): void {
    if (this.#position === undefined) this.#origin = opensAt
    this.#moveTo(opensAt)
  }

  #hand(event: UpstreamEvent): void {
    // A consumer that has no room left may go back to an earlier position although it took the event.
    if (this.#consumer.push(event) && !this.#isPaused) this.#moveTo(event.position)
  }

  #moveTo(position: unknown): void {
    if (position === undefined || position === null) return
    this.#position = position
    this.#failures = 0
    this.#reopening.succeeded()
  }

  /** Without its position an event that failed would be missing for ever. */
  #isToBeToldAgain(errors: readonly GraphQLFormattedError[]): boolean {
    const causes = errors.map(forwarded)
    if (this.#parts.delivery?.kind !== 'resumable' || this.#position === undefined) return false
    if (!causes.every(isPassing)) return false
    if (causes.every(({ code }) => code === 'SUBGRAPH_UNAVAILABLE')) return true
    this.#failures += 1
    return this.#failures <= MAX_FAILURES
  }

  #drained(withinMs: number): void {
    this.#subscription?.retire()
    this.#again(withinMs)
  }

  #refused(errors: readonly GraphQLFormattedError[]): void {
    const causes = errors.length > 0 ? errors.map(forwarded) : [forwarded({ message: 'Refused without a reason.' })]
    if (causes.every(isPassing)) this.#again(spreadMs(1), causes)
    else {
      if (errors.some(isUnauthenticated)) this.#parts.onUnauthenticated()
      this.#end(this.#isTooOld(causes) ? [tooFarBehind()] : causes)
    }
  }

  /** The subgraph speaks of a position that the client, who gave none or another one, does not know. */
  #isTooOld(causes: readonly ForwardedError[]): boolean {
    const isResuming = this.#parts.delivery?.kind === 'resumable' && this.#wasHeard && this.#position !== undefined
    return isResuming && causes.every(({ code }) => code === 'BAD_USER_INPUT')
  }

  #lost(together: number): void {
    if (this.#sentAt !== undefined) {
      this.#wasOpen = true
      this.#reopening.exclude(this.#parts.timers.now() - this.#sentAt)
    }
    this.#again(spreadMs(together))
  }

  /** @param errors what its consumer is told if it is not opened again. */
  #again(withinMs: number, errors: readonly Error[] = [new SubgraphUnavailableError(this.#parts.subgraph)]): void {
    const now = this.#parts.timers.now()
    this.#settle(now)
    this.#leave()
    const delay = this.#canReopen(now) ? this.#reopening.delay({ now, withinMs, wasOpen: this.#wasOpen }) : undefined
    this.#isAway = true
    if (delay === undefined) this.#end(errors)
    else this.#cancel = this.#parts.timers.after(delay, () => this.#reopen())
  }

  /** Forgets earlier losses once it has been open long enough; when nothing was heard that takes longer. */
  #settle(now: number): void {
    const wasOpenFor = now - (this.#sentAt ?? now)
    if (wasOpenFor < (this.#isHeard ? SETTLED_MS : this.#parts.patience.lostMs)) return
    this.#wasOpen = true
    this.#reopening.succeeded()
  }

  /**
   * A resumable stream whose position is unknown may have a gap when it is opened again. In the first moments that is no
   * matter: nobody can tell yet when it began.
   */
  #canReopen(now: number): boolean {
    const { delivery, patience } = this.#parts
    if (delivery?.kind !== 'resumable' || this.#position !== undefined) return delivery !== undefined
    return !this.#wasHeard && now - (this.#firstSentAt ?? now) < patience.openingMs
  }

  #end(errors?: readonly Error[]): void {
    this.stop()
    this.#consumer.finish(errors)
  }

  #leave(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
    this.#leaveGate?.()
    this.#leaveGate = undefined
  }
}

const forwarded = (error: GraphQLFormattedError) => forwardedError(error)

const isUnauthenticated = ({ extensions }: GraphQLFormattedError) => extensions?.code === 'UNAUTHENTICATED'

const isPassing = ({ code }: ForwardedError) => PASSING.has(code)

function tooFarBehind(): BadUserInputError {
  const message = 'This subscription fell behind by more than its events are kept for'
  return new BadUserInputError(`${message}; subscribe again from the position of the last event that you have.`)
}
