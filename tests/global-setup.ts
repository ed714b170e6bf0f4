import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../local/postgres/embedded-postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** How tests reach the run's one Postgres server. */
    postgres: { host: string; port: number; user: string }
  }
}

/** One real Postgres for the whole run; each test file makes databases of its own in it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'parley-tests-'))
  const postgres = await startEmbeddedPostgres({ dataDirectory })
  project.provide('postgres', postgres.connection)
  return async () => {
    await postgres[Symbol.asyncDispose]()
    await rm(dataDirectory, { recursive: true, force: true })
  }
}
