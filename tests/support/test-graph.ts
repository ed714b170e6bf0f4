import { generateKeyPairSync } from 'node:crypto'
import { tmpdir } from 'node:os'
import { inject } from 'vitest'
import { readLocalConfig } from '../../local/config.ts'
import { type LocalOverrides, startLocalGraph } from '../../local/graph.ts'
import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import { createLogger } from '../../platform/logging.ts'
import { CountingBus } from './buses.ts'
import { startSeparateGraph } from './deployment/separate-graph.ts'
import type { GraphOptions, RunningGraph } from './graph-options.ts'
import { HostileBus } from './hostile-bus.ts'
import { createTestDatabase } from './test-database.ts'

export type TestGraph = RunningGraph

/**
 * Starts a graph for one test file, on free ports and a database of its own, as `npm start` runs it; in the project
 * `separate processes` of the tests, as an orchestrator runs it. The demo model answers without pauses. In the project
 * `hostile bus` everything goes over a {@link HostileBus}, also to the bus that a test brings itself.
 */
export async function startTestGraph(options: GraphOptions = {}): Promise<TestGraph> {
  const database = options.databaseUrl === undefined ? await createTestDatabase() : undefined
  const databaseUrl = options.databaseUrl ?? database?.url ?? ''
  const access = inject('separateProcesses')
  try {
    const graph = await (access
      ? startSeparateGraph(options, databaseUrl, access)
      : startInThisProcess(options, databaseUrl))
    return {
      ...graph,
      async [Symbol.asyncDispose]() {
        await graph[Symbol.asyncDispose]()
        await database?.[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await database?.[Symbol.asyncDispose]()
    throw error
  }
}

async function startInThisProcess(
  { environment, overrides, logLevel, clock }: GraphOptions,
  databaseUrl: string,
): Promise<TestGraph> {
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
    ...environment,
  })
  const lines: string[] = []
  const listeners = new CountingBus(overrides?.bus)
  const graph = await startLocalGraph(config, {
    demoModel: { pieceDelayMs: 0 },
    ...(clock && { now: clock.now }),
    ...(logLevel && {
      logger: createLogger({
        name: 'all',
        level: logLevel,
        format: 'json',
        destination: { write: (line) => lines.push(line) },
      }),
    }),
    ...(inject('hostileBus') ? overHostileBus(listeners, overrides) : { ...overrides, bus: listeners }),
  })
  return {
    ...graph,
    databaseUrl,
    listeners,
    logLines: () => [...lines],
    async [Symbol.asyncDispose]() {
      await graph[Symbol.asyncDispose]()
      await listeners[Symbol.asyncDispose]()
    },
  }
}

/** Whatever is lost is found sooner than in production, so that a test waits no longer than it must. */
function overHostileBus(bus: EventBus, overrides: LocalOverrides = {}): LocalOverrides {
  const hostile = new HostileBus(bus, { seed: inject('hostileBusSeed') })
  return { ...overrides, bus: hostile, chat: { sweepEveryMs: 100, ...overrides.chat } }
}

/** One key a run, so that two graphs on one database accept each other's tokens. */
const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
