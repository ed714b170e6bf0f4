import type { LocalOverrides } from '../../local/graph.ts'
import type { TestClock } from './test-clock.ts'

/** What a test wants of its graph. */
export interface GraphOptions {
  /** Variables on top of the tests' own, such as OPENAI_BASE_URL. */
  readonly environment?: Readonly<Record<string, string>>
  readonly overrides?: LocalOverrides
  /** A database that another graph of the test also uses; else a new one. */
  readonly databaseUrl?: string
  /** From which level on lines are kept for {@link RunningGraph.logLines}; without it none are. */
  readonly logLevel?: 'trace' | 'info'
  /** The time of all its processes; the machine's when not given. */
  readonly clock?: TestClock
}

/** How many listen on the bus of a graph. */
export interface ListenerCount {
  /** Of topics that begin so, each process counted once for each. */
  count(prefix: string): Promise<number>
  /** Resolves when exactly so many listen to topics that begin so. */
  until(prefix: string, count: number): Promise<void>
}

/** A whole graph, as tests know it. */
export interface RunningGraph extends AsyncDisposable {
  /** The gateway's origin; `/graphql` is below it. */
  readonly url: string
  readonly authUrl: string
  readonly chatUrl: string
  /** For an administrator of the database. */
  readonly databaseUrl: string
  readonly listeners: ListenerCount
  /** What was logged so far, as JSON. */
  logLines(): string[]
}
