import { seededRandom } from '../../tests/support/seeded-random.ts'
import type { Operation } from './measurements.ts'

/** What one user does, and when. */
export interface Arrival {
  /** After the beginning, in milliseconds. */
  readonly afterMs: number
  readonly user: number
  readonly operation: Operation
  /** 0 up to 1, for what else is left to chance. */
  readonly chance: number
}

/** How often each is done for each message that is sent. */
const PER_MESSAGE: readonly (readonly [Operation, number])[] = [
  ['sendMessage', 1],
  ['markRead', 1],
  ['messages', 0.5],
  ['conversations', 0.5],
]
const ALL_PER_MESSAGE = PER_MESSAGE.reduce((sum, [, times]) => sum + times, 0)

/**
 * When who does what, without end and the same for the same seed. Each user thinks for exponentially distributed times and
 * acts whether or not the last answer has come; all users together are then one Poisson process that picks somebody each time.
 */
export function* scheduleOf(given: { users: number; messagesPerSecond: number; seed: number }): Generator<Arrival> {
  const random = seededRandom(given.seed)
  const meanGapMs = 1_000 / (given.messagesPerSecond * ALL_PER_MESSAGE)
  let afterMs = 0
  for (;;) {
    afterMs += -Math.log(1 - random()) * meanGapMs
    const user = Math.floor(random() * given.users)
    yield { afterMs, user, operation: pick(random()), chance: random() }
  }
}

function pick(chance: number): Operation {
  let left = chance * ALL_PER_MESSAGE
  for (const [operation, times] of PER_MESSAGE) {
    if (left < times) return operation
    left -= times
  }
  return 'sendMessage'
}
