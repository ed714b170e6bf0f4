import { AWAY_AFTER_MS, type Trace } from './presence-rules.ts'

interface OwnPerson {
  streams: number
  activeAt: number
  leftAt: number
  /** The activity that the others were last told of. */
  toldActiveAt: number
}

/** The others learn of activity at most so late that nobody who is active appears AWAY. */
const TELL_ACTIVITY_AFTER_MS = 60_000

/** The people who have streams open in this process, or did something here a short while ago. */
export class OwnPeople {
  readonly #people = new Map<string, OwnPerson>()

  /** @returns whether it is news: their first stream, or activity as of `touch`. */
  open(userId: string, now: number): boolean {
    const isActivityNews = this.touch(userId, now)
    const person = this.#personOf(userId)
    person.streams += 1
    return person.streams === 1 || isActivityNews
  }

  /** @returns whether it is news: their last stream. */
  close(userId: string, now: number): boolean {
    const person = this.#personOf(userId)
    person.streams -= 1
    if (person.streams === 0) person.leftAt = now
    return person.streams === 0
  }

  /** @returns whether it is news: the last activity that the others know of lies too long back. */
  touch(userId: string, now: number): boolean {
    const person = this.#personOf(userId)
    person.activeAt = now
    return now >= person.toldActiveAt + TELL_ACTIVITY_AFTER_MS
  }

  /** What to tell of these people; they count as told. */
  tell(userIds: Iterable<string>): [userId: string, trace: Trace][] {
    return [...userIds].map((userId) => {
      const person = this.#personOf(userId)
      person.toldActiveAt = person.activeAt
      return [userId, this.trace(userId)]
    })
  }

  trace(userId: string): Trace {
    const { streams, activeAt, leftAt } = this.#personOf(userId)
    return { isOpen: streams > 0, activeAt, leftAt }
  }

  /** Everybody; those about whom there is nothing left to tell are forgotten. */
  all(now: number): string[] {
    for (const [userId, { streams, activeAt, leftAt }] of this.#people) {
      if (streams === 0 && now >= Math.max(activeAt, leftAt) + AWAY_AFTER_MS) this.#people.delete(userId)
    }
    return [...this.#people.keys()]
  }

  /** Ends every stream; returns everybody, as `all`. */
  closeAll(now: number): string[] {
    for (const person of this.#people.values()) {
      if (person.streams > 0) person.leftAt = now
      person.streams = 0
    }
    return this.all(now)
  }

  #personOf(userId: string): OwnPerson {
    const person = this.#people.get(userId) ?? { streams: 0, activeAt: 0, leftAt: 0, toldActiveAt: 0 }
    this.#people.set(userId, person)
    return person
  }
}
