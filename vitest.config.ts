import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Packages resolve as under Node itself. Vite would prefer a package's "module", and graphql would exist twice.
  ssr: { resolve: { mainFields: ['main'] } },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/.*/**', 'bench/**'],
    globalSetup: 'tests/global-setup.ts',
    pool: 'forks',
    // Half of a large machine, but never one at a time: most of a test's life is waiting for Postgres.
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
    reporters: [process.env.CI ? 'verbose' : 'default', ['json', { outputFile: 'test-results/report.json' }]],
  },
})
