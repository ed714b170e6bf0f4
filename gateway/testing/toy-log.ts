import { GraphQLError } from 'graphql'
import { LiveFeed, type LiveSource } from './live-feed.ts'

/** Something that happened. */
interface Entry {
  readonly number: number
  readonly body: string
}

/** Said by the way: it has no place in the log. */
interface Aside {
  readonly aside: string
}

/**
 * A log that is streamed in three ways: by number, as events of an interface, and as its latest entry alone. It stays
 * when the subgraph that serves it is stopped, as a database would.
 */
export class ToyLog {
  /** The codes that the next attempts to subscribe are refused with. */
  readonly refusals: string[] = []
  /** The codes that entries fail with, by their numbers, the next times that they are told. */
  readonly failures = new Map<number, string[]>()
  readonly #entries: Entry[] = []
  readonly #feed = new LiveFeed<Entry | Aside>()

  get watcherCount(): number {
    return this.#feed.watcherCount
  }

  /** @returns the entry's number, from 1. */
  append(body: string): number {
    const entry = { number: this.#entries.length + 1, body }
    this.#entries.push(entry)
    this.#feed.publish(entry)
    return entry.number
  }

  sayAside(aside: string): void {
    this.#feed.publish({ aside })
  }

  /** Ends every stream, as the end of the data would. */
  complete(): void {
    this.#feed.complete()
  }

  /** @param after a number; everything that comes later is told, and without one everything that is yet to come. */
  watch(after: number | null | undefined): LiveSource<Entry | Aside> {
    this.#refuse()
    const given = after ?? undefined
    return given === undefined
      ? this.#feed.watch([], this.#entries.length)
      : this.#feed.watch(this.#entries.slice(given))
  }

  watchLatest(): LiveSource<Entry | Aside> {
    this.#refuse()
    return this.#feed.watch(this.#entries.slice(-1))
  }

  /** The entry as it is told. */
  tell(event: Entry | Aside): Entry | Aside {
    const code = 'number' in event ? this.failures.get(event.number)?.shift() : undefined
    if (code !== undefined) throw new GraphQLError('The database is away.', { extensions: { code } })
    return event
  }

  #refuse(): void {
    const code = this.refusals.shift()
    if (code !== undefined) throw new GraphQLError('Not now.', { extensions: { code } })
  }
}

/** To be put beside the types of a subgraph. */
export const LOG_TYPES = `
  extend schema
    @link(url: "https://parley.example/delivery/v1.0", import: ["@resumable", "@replayable"])
    @federation__composeDirective(name: "@resumable")
    @federation__composeDirective(name: "@replayable")
  directive @resumable(after: String!, position: String!) on FIELD_DEFINITION
  directive @replayable on FIELD_DEFINITION
  extend type Subscription {
    logged(log: ID = "main", after: Int, tag: String): Entry! @resumable(after: "after", position: "number")
    happened(since: Place): Happening! @resumable(after: "since", position: "place")
    latest: Entry! @replayable
  }
  scalar Place
  type Entry { number: Int! body: String! author: User }
  interface Happening { place: Place }
  type Written implements Happening { place: Place entry: Entry! }
  type Aside implements Happening { place: Place aside: String! }
`

/** By type, then by field. */
export function logResolvers(log: ToyLog) {
  const tell = (event: Entry | Aside) => log.tell(event)
  return {
    Subscription: {
      logged: { subscribe: (_: unknown, { after }: { after?: number | null }) => log.watch(after), resolve: tell },
      happened: {
        subscribe: (_: unknown, { since }: { since?: string | null }) =>
          log.watch(since ? Number(since.slice(1)) : undefined),
        resolve: tell,
      },
      latest: { subscribe: () => log.watchLatest(), resolve: tell },
    },
    Happening: { __resolveType: (event: Entry | Aside) => ('aside' in event ? 'Aside' : 'Written') },
    Written: { place: ({ number }: Entry) => `p${number}`, entry: (entry: Entry) => entry },
    Entry: { author: ({ number }: Entry) => ({ __typename: 'User', id: `u${number}` }) },
  }
}
