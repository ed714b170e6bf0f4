import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Node's own extensions and order. Vite's begin with .mjs, and for graphql, whose main is "index", that would load a
  // second copy beside the one that CommonJS packages require.
  resolve: { extensions: ['.js', '.json', '.node'] },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/.*/**', 'bench/**'],
    globalSetup: 'tests/global-setup.ts',
    pool: 'forks',
    // Half of a large machine, but never fewer than three: most of a test’s life is waiting, for Postgres or a lease.
    maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
    testTimeout: 30_000,
    // As long as a busy machine may take; what is waited for is there much sooner.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
    reporters: [process.env.CI ? 'verbose' : 'default', ['json', { outputFile: 'test-results/report.json' }]],
  },
})
