import { setTimeout as delay } from 'node:timers/promises'
import { type AppClient, readErrors, type StreamEnd, type StreamFrame } from './app-client.ts'
import { type Feed, LostAccessError } from './feed.ts'
import type { NewEntry, Position, StreamEntry } from './history.ts'
import type { Recorder } from './recorder.ts'
import type { SeededRandom } from './seeded-random.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_500

/** Close codes of the gateway: it restarts, and the token is not good any more. */
const SERVICE_RESTART = 1012
const FORBIDDEN = 4403

type Outcome =
  | { readonly kind: 'again'; readonly why: string; readonly withinMs?: number; readonly needsToken?: boolean }
  | { readonly kind: 'reset' }
  | { readonly kind: 'lost-access'; readonly why: string }
  | { readonly kind: 'stopped' }

/** One stream of one client, taken up again after the last position that was applied whenever it breaks. */
export class Follower {
  readonly id: string
  readonly feed: Feed
  readonly client: AppClient
  readonly conversation: string
  readonly #recorder: Recorder
  readonly #random: SeededRandom
  readonly #stopped = new AbortController()
  #position: Position | undefined
  #running: Promise<void> | undefined
  #failures = 0
  #isStarting = true

  constructor(options: {
    client: AppClient
    conversation: string
    feed: Feed
    recorder: Recorder
    random: SeededRandom
  }) {
    const { client, conversation, feed } = options
    this.id = `${client.username}/${conversation}/${feed.stream}`
    this.client = client
    this.conversation = conversation
    this.feed = feed
    this.#recorder = options.recorder
    this.#random = options.random
  }

  /** The last position applied; undefined before the first, and after access was lost. */
  get position(): Position | undefined {
    return this.#position
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Reads what is there and follows it from then on, until access is lost or it is stopped. */
  begin(): void {
    this.#running ??= this.#follow().finally(() => {
      this.#running = undefined
      this.#position = undefined
      this.#isStarting = true
    })
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
  }

  async #follow(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const outcome = await this.#attempt()
      if (outcome.kind === 'stopped') return
      if (outcome.kind === 'lost-access') return this.#note({ kind: 'end', why: outcome.why })
      this.#isStarting ||= outcome.kind === 'reset'
      if (outcome.kind === 'again') await this.#comeBack(outcome)
    }
  }

  async #attempt(): Promise<Outcome> {
    try {
      if (this.#isStarting || !this.#position) {
        this.#position = await this.feed.start()
        this.#isStarting = false
        const { stream } = this.feed
        const { position, conversation } = this
        if (position) this.#note({ kind: 'begin', person: this.client.id, conversation, stream, position })
      }
      return this.#stopped.signal.aborted ? { kind: 'stopped' } : await this.#listen(this.#position)
    } catch (error) {
      if (error instanceof LostAccessError) return { kind: 'lost-access', why: error.message }
      return { kind: 'again', why: String(error) }
    }
  }

  /** Follows over one subscription, and says how it ended. */
  #listen(after: Position): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    let isOver = false
    const onFrame = (frame: StreamFrame) => {
      const outcome = isOver ? undefined : this.#take(frame)
      isOver ||= outcome !== undefined
      if (outcome) resolve(outcome)
    }
    const leave = this.client.subscribe(this.feed.document, this.feed.variablesAfter(after), {
      frame: onFrame,
      end: (end) => resolve(outcomeOf(end)),
    })
    const stop = () => resolve({ kind: 'stopped' })
    this.#stopped.signal.addEventListener('abort', stop, { once: true })
    return promise.finally(() => {
      this.#stopped.signal.removeEventListener('abort', stop)
      leave()
    })
  }

  /** Applies an event; tells when the stream is not to be followed any further. */
  #take({ data, errors }: StreamFrame): Outcome | undefined {
    const event = data && Object.values(data)[0]
    if (!event) return outcomeOf({ kind: 'errors', ...readErrors(errors ?? []) })
    this.#failures = 0
    const reading = this.feed.read(event as Record<string, unknown>)
    switch (reading.kind) {
      case 'event':
        this.#note(reading)
        this.#position = reading.position
        return undefined
      case 'caught-up':
        this.#note(reading)
        return undefined
      case 'reset':
        this.#note({ ...reading, after: this.#position ?? reading.head })
        return { kind: 'reset' }
      case 'revoked':
        return { kind: 'lost-access', why: 'AccessRevoked' }
      case 'draining':
        return { kind: 'again', why: 'Draining', withinMs: reading.withinMs }
      case 'ephemeral':
        return undefined
    }
  }

  async #comeBack({ why, withinMs, needsToken }: Extract<Outcome, { kind: 'again' }>): Promise<void> {
    this.#note({ kind: 'reconnect', why })
    const { signal } = this.#stopped
    const backOff = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS) * this.#random.between(0.5, 1)
    this.#failures += 1
    const pause = withinMs === undefined ? backOff : this.#random.between(0, withinMs)
    await delay(pause, undefined, { signal, ref: false }).catch(() => undefined)
    if (needsToken && !signal.aborted) await this.client.refresh()
  }

  #note(
    entry: StreamEntry extends infer Entry ? (Entry extends StreamEntry ? Omit<Entry, 'follower'> : never) : never,
  ) {
    this.#recorder.note({ follower: this.id, ...entry } as NewEntry)
  }
}

function outcomeOf(end: StreamEnd): Outcome {
  switch (end.kind) {
    case 'complete':
      return { kind: 'again', why: 'complete' }
    case 'failed':
      return { kind: 'again', why: end.why }
    case 'errors': {
      const why = end.codes.join(', ')
      if (end.ofWhole && end.codes.includes('NOT_FOUND')) return { kind: 'lost-access', why }
      return { kind: 'again', why, needsToken: end.codes.includes('UNAUTHENTICATED') }
    }
    case 'closed': {
      const why = `${end.code} ${end.reason}`.trim()
      if (end.code !== SERVICE_RESTART) return { kind: 'again', why, needsToken: end.code === FORBIDDEN }
      return { kind: 'again', why, withinMs: reconnectWithin(end.reason) }
    }
  }
}

/** What the gateway asks for when it restarts. */
function reconnectWithin(reason: string): number {
  try {
    return Number((JSON.parse(reason) as { reconnectWithinMs?: number }).reconnectWithinMs ?? FIRST_PAUSE_MS)
  } catch {
    return FIRST_PAUSE_MS
  }
}
