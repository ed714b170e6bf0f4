import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** An empty database of the run's Postgres server. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
}

/** Makes an empty database that nobody else uses. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { host, port, user } = inject('postgres')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const administer = async (statement: string) => {
    const client = new pg.Client({ host, port, user, database: 'postgres', statement_timeout: 30_000 })
    await client.connect()
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
  await administer(`CREATE DATABASE ${name}`)
  return {
    url: `postgresql://${user}@${encodeURIComponent(host)}:${port}/${name}`,
    [Symbol.asyncDispose]: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}
