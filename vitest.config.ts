import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { missingStores, SEPARATE_PROCESSES } from './tests/support/deployment/stores.ts'

/** Tests that would say nothing new over another bus. */
const APART_FROM_THE_BUS = [
  // They start no graph, take their words from the README, or bring buses that are hostile already.
  ...['environment', 'readme-tour', 'unreliable-bus'],
  // Hundreds of requests that are answered or refused before anything is told to anybody; a fourth of the time of all.
  ...['bad-input', 'conversation-rights', 'forged-tokens', 'mutation-rate', 'permissions'],
].map((name) => `tests/${name}.test.ts`)

/** Those whose events a bus brings; with HOSTILE_BUS=whole it is the whole behaviour, for which `npm test` has not the time. */
const OVER_HOSTILE_BUS =
  process.env.HOSTILE_BUS === 'whole'
    ? ['tests/*.test.ts']
    : ['conversation-events', 'conversation-model', 'inbox', 'live-*', 'message-streams'].map(
        (name) => `tests/${name}.test.ts`,
      )

/** The whole behaviour of graphs in separate processes, or a sample of it, for which `npm test` has the time. */
const IN_SEPARATE_PROCESSES =
  process.env.SEPARATE_PROCESSES === 'whole'
    ? ['tests/*.test.ts']
    : ['live-messages', 'presence', 'readme-tour', 'replies', 'sign-out'].map((name) => `tests/${name}.test.ts`)

/** Tests that start no graph, or bring it buses of their own process. */
const APART_FROM_PROCESSES = ['tests/environment.test.ts', 'tests/unreliable-bus.test.ts']

/** Projects of a later group wait for those of an earlier one. */
const BESIDE_OTHERS = { groupOrder: 1 }

/**
 * What measures the memory or the pauses of its own process: what other files left there would be measured too, and what others do
 * on the machine. So it comes first, and alone.
 */
const IN_A_FRESH_PROCESS = ['subgraphs/auth/account/sign-in-flood.test.ts', 'gateway/sockets/frozen-clients.test.ts']

/**
 * The same behaviour of gateway, auth, chat and worker, each a process of its own over an installed PostgreSQL, NATS and
 * Redis, as in production.
 */
const separateProcesses = {
  test: {
    name: SEPARATE_PROCESSES,
    sequence: BESIDE_OTHERS,
    include: IN_SEPARATE_PROCESSES,
    exclude: APART_FROM_PROCESSES,
    globalSetup: 'tests/global-setup.ts',
    // Nothing is sooner there than in production, because no test can tell another process to hurry.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    provide: { hostileBus: false },
  },
}

/** Where what they need is not installed they are left out, with the reason; under CI, and asked for by name, they fail. */
function runsSeparateProcesses(): boolean {
  const missing = missingStores()
  if (missing === undefined || process.env.CI || process.env.SEPARATE_PROCESSES) return true
  process.stderr.write(`THE TESTS IN SEPARATE PROCESSES DO NOT RUN: ${missing}.\n`)
  return false
}

export default defineConfig({
  // Node's own extensions and order. Vite's begin with .mjs, and for graphql, whose main is "index", that would load a
  // second copy beside the one that CommonJS packages require.
  resolve: { extensions: ['.js', '.json', '.node'] },
  test: {
    projects: [
      {
        test: {
          name: 'tests',
          sequence: BESIDE_OTHERS,
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/.*/**', 'bench/**', ...IN_A_FRESH_PROCESS],
          provide: { hostileBus: false },
        },
      },
      {
        test: {
          name: 'in a fresh process',
          include: IN_A_FRESH_PROCESS,
          isolate: true,
          provide: { hostileBus: false },
        },
      },
      {
        // The behaviour of the whole graph once more, over a bus that loses, doubles, delays and reorders messages: that it
        // stays the same shows that the bus is a doorbell and nothing more.
        test: {
          name: 'hostile bus',
          sequence: BESIDE_OTHERS,
          include: OVER_HOSTILE_BUS,
          exclude: APART_FROM_THE_BUS,
          provide: { hostileBus: true },
        },
      },
      ...(runsSeparateProcesses() ? [separateProcesses] : []),
    ],
    globalSetup: 'tests/global-setup.ts',
    pool: 'forks',
    // Files share their worker's modules, which hold no state of a test: to load them anew for each took a third of all work.
    isolate: false,
    // Half of a large machine, but never fewer than three: most of a test’s life is waiting, for Postgres or a lease.
    maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
    testTimeout: 30_000,
    // As long as a busy machine may take; what is waited for is there much sooner.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
    coverage: {
      provider: 'v8',
      include: ['{gateway,local,platform,subgraphs}/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.contract.ts', '**/*.fixture.ts', '**/testing/**', '**/*.generated.ts'],
      // What separate processes run is not seen from here: main.ts and the like are covered by tests/processes all the same.
      reporter: ['text-summary', 'lcov'],
    },
    reporters: [process.env.CI ? 'verbose' : 'default', ['json', { outputFile: 'test-results/report.json' }]],
  },
})
