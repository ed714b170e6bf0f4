import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { administer } from './administer.ts'
import { copyTemplate, siblingOf } from './deployment/databases.ts'

/** A database of the run's Postgres server. */
export interface TestDatabase extends AsyncDisposable {
  /** For an administrator. */
  readonly url: string
}

/**
 * Makes a database that nobody else uses: an empty one, or in the project `separate processes` one that the migrations
 * have been over, as a deployment has it when its processes start.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const parts = inject('separateProcesses')
  const server = parts ? siblingOf(parts.templateUrl, 'postgres') : embeddedUrl('postgres')
  if (!parts) await administer(server, `CREATE DATABASE ${name}`)
  return {
    url: parts ? await copyTemplate(parts, name) : embeddedUrl(name),
    async [Symbol.asyncDispose]() {
      await administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

function embeddedUrl(database: string): string {
  const { host, port, user } = inject('postgres')
  return `postgresql://${user}@${encodeURIComponent(host)}:${port}/${database}`
}
