import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../../../../tests/support/test-database.ts'

/** A new database with all that is in this one, as a restored backup is; nobody may be connected to this one. */
export async function restoredFrom(backup: Pick<TestDatabase, 'url'>): Promise<TestDatabase> {
  const restored = await createTestDatabase()
  const client = new pg.Client({ connectionString: urlOf(restored, 'postgres'), statement_timeout: 30_000 })
  await client.connect()
  try {
    const [name, template] = [restored, backup].map((database) => client.escapeIdentifier(nameOf(database)))
    await client.query(`DROP DATABASE ${name}`)
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  } finally {
    await client.end()
  }
  return restored
}

const nameOf = ({ url }: Pick<TestDatabase, 'url'>) => new URL(url).pathname.slice(1)

function urlOf({ url }: Pick<TestDatabase, 'url'>, database: string): string {
  return url.slice(0, -nameOf({ url }).length) + database
}
