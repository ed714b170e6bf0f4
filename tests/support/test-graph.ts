import { generateKeyPairSync } from 'node:crypto'
import { tmpdir } from 'node:os'
import { inject } from 'vitest'
import { readLocalConfig } from '../../local/config.ts'
import { type LocalGraph, type LocalOverrides, startLocalGraph } from '../../local/graph.ts'
import { MemoryEventBus } from '../../platform/event-bus/memory-event-bus.ts'
import { HostileBus } from './hostile-bus.ts'
import { createTestDatabase } from './test-database.ts'

/** The whole graph, as `npm start` runs it, on free ports and a database of its own. */
export interface TestGraph extends LocalGraph {
  readonly databaseUrl: string
}

/**
 * Starts a graph for one test file. The demo model answers without pauses. In the project `hostile bus` of the tests
 * everything goes over a {@link HostileBus}, also to the bus that a test brings itself.
 *
 * @param options.environment variables on top of the tests' own, such as OPENAI_BASE_URL.
 * @param options.databaseUrl a database that another graph of the test also uses; else a new one.
 */
export async function startTestGraph(
  options: { environment?: Record<string, string>; overrides?: LocalOverrides; databaseUrl?: string } = {},
): Promise<TestGraph> {
  const database = options.databaseUrl === undefined ? await createTestDatabase() : undefined
  const databaseUrl = options.databaseUrl ?? database?.url ?? ''
  const config = await readLocalConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    PORT: '0',
    AUTH_PORT: '0',
    CHAT_PORT: '0',
    DATA_DIR: tmpdir(),
    DATABASE_URL: databaseUrl,
    JWT_SIGNING_KEY: SIGNING_KEY,
    EXPLORER: 'offline',
    // Everybody in the tests comes from one address.
    RATE_LIMIT_SIGN_UP: '1000000',
    RATE_LIMIT_SIGN_IN_FAILURES: '1000000',
    ...options.environment,
  })
  const overrides = inject('hostileBus') ? overHostileBus(options.overrides) : options.overrides
  const graph = await startLocalGraph(config, { demoModel: { pieceDelayMs: 0 }, ...overrides })
  return {
    ...graph,
    databaseUrl,
    async [Symbol.asyncDispose]() {
      await graph[Symbol.asyncDispose]()
      await database?.[Symbol.asyncDispose]()
    },
  }
}

/** Whatever is lost is found sooner than in production, so that a test waits no longer than it must. */
function overHostileBus(overrides: LocalOverrides = {}): LocalOverrides {
  const bus = new HostileBus(overrides.bus ?? new MemoryEventBus(), { seed: inject('hostileBusSeed') })
  return { ...overrides, bus, chat: { sweepEveryMs: 100, ...overrides.chat } }
}

/** One key a run, so that two graphs on one database accept each other's tokens. */
const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
