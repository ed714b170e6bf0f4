import { Client } from 'pg'
import type { EmbeddedPostgres } from '../embedded-postgres.ts'

/** Runs one statement over a connection of its own and returns the rows, each as an array of its values. */
export async function query(
  postgres: EmbeddedPostgres,
  statement: string,
  database = 'postgres',
): Promise<unknown[][]> {
  return queryAt(postgres.urlOf(database), statement)
}

/** The same for a database known by its URL. */
export async function queryAt(connectionString: string, statement: string): Promise<unknown[][]> {
  const client = new Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query({ text: statement, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}
