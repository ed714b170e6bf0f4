import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../local/postgres/embedded-postgres.ts'
import { type DeploymentParts, prepareDatabases } from './support/deployment/databases.ts'
import { startPostgresServer } from './support/deployment/postgres-server.ts'
import { missingStores, SEPARATE_PROCESSES } from './support/deployment/stores.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** How tests reach the run's one Postgres server. */
    postgres: { host: string; port: number; user: string }
    /** Whether every graph of the tests runs over a bus that loses, doubles and reorders messages. */
    hostileBus: boolean
    /** Present where every graph of the tests runs in separate processes, and what they are made of then. */
    separateProcesses?: DeploymentParts
    /** What that bus does follows from this number; HOSTILE_BUS_SEED repeats it. */
    hostileBusSeed: number
  }
}

/** One real Postgres for the whole run; each test file makes databases of its own in it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (project.name === SEPARATE_PROCESSES) return setUpSeparateProcesses(project)
  const dataDirectory = await mkdtemp(join(tmpdir(), 'parley-tests-'))
  const postgres = await startEmbeddedPostgres({ dataDirectory })
  await suitTests(postgres)
  project.provide('postgres', postgres.connection)
  const seed = Number(process.env.HOSTILE_BUS_SEED ?? randomInt(2 ** 31))
  process.stderr.write(`The hostile bus of this run: HOSTILE_BUS_SEED=${seed}\n`)
  project.provide('hostileBusSeed', seed)
  return async () => {
    await postgres[Symbol.asyncDispose]()
    await rm(dataDirectory, { recursive: true, force: true })
  }
}

/** For graphs in separate processes another Postgres, which is the system's own, as an operator would have it. */
async function setUpSeparateProcesses(project: TestProject): Promise<() => Promise<void>> {
  const missing = missingStores()
  if (missing) throw new Error(`The tests in separate processes cannot run: ${missing}.`)
  const server = await startPostgresServer()
  const folder = await mkdtemp(join(tmpdir(), 'parley-deployments-'))
  const end = async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    project.provide('separateProcesses', await prepareDatabases(server, folder))
  } catch (error) {
    await end()
    throw error
  }
  return end
}

/**
 * Nothing needs to be on the disk: the server is thrown away with the run, and tests of durability start servers of their
 * own. And no statistics come between a statement and the plan that is expected for it, unless the test asks for them.
 */
async function suitTests(postgres: EmbeddedPostgres): Promise<void> {
  const client = new pg.Client(postgres.urlOf('postgres'))
  await client.connect()
  try {
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum']) {
      await client.query(`ALTER SYSTEM SET ${setting} = off`)
    }
    await client.query('SELECT pg_reload_conf()')
  } finally {
    await client.end()
  }
}
