import pg from 'pg'

/** Runs statements as the server's administrator, over a connection of its own. */
export async function administer(url: string, statements: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url, statement_timeout: 30_000 })
  await client.connect()
  try {
    return await client.query(statements)
  } finally {
    await client.end()
  }
}
