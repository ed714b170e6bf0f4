import pg from 'pg'

/**
 * Runs statements as the server's administrator, over a connection of its own.
 *
 * @param values of the parameters `$1`, `$2`, …; with them it must be one statement.
 */
export async function administer(url: string, statements: string, values?: unknown[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url, statement_timeout: 30_000 })
  await client.connect()
  try {
    return await client.query(statements, values)
  } finally {
    await client.end()
  }
}
