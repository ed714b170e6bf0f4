import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createDatabase } from '../local/postgres/create-database.ts'
import { startEmbeddedPostgres } from '../local/postgres/embedded-postgres.ts'
import type { Resources } from '../platform/resources.ts'

/**
 * Starts a PostgreSQL server for this run alone, and answers with the URL of an empty database in it.
 *
 * @param setting one that it has from its start.
 */
export async function openBenchDatabase(resources: Resources, setting?: string): Promise<string> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  resources.defer(() => rm(dataDirectory, { recursive: true, force: true }))
  if (setting !== undefined) await set(dataDirectory, setting)
  const postgres = resources.use(await startEmbeddedPostgres({ dataDirectory }))
  await createDatabase(postgres, 'bench')
  return postgres.urlOf('bench')
}

async function set(dataDirectory: string, setting: string): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDirectory })
  try {
    await prepare(postgres.urlOf('postgres'), [{ text: `ALTER SYSTEM SET ${setting}` }])
  } finally {
    await postgres[Symbol.asyncDispose]()
  }
}

/** Runs statements that may take as long as they need, in one session. */
export async function prepare(url: string, statements: readonly { text: string; values?: unknown[] }[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
