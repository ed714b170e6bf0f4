import pg from 'pg'

const TABLES = `
  SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('auth', 'chat') ORDER BY 1`

/** A digest of every row of every table of ours: it is the same as long as nothing was written. */
export async function contentOf(databaseUrl: string): Promise<Record<string, string>> {
  const tables = await rowsOf<{ name: string }>(databaseUrl, TABLES)
  if (tables.length === 0) throw new Error('The database has none of our tables.')
  const digests = tables.map(({ name }) => `SELECT '${name}' AS name, ${DIGEST} AS digest FROM ${name} row`)
  const rows = await rowsOf<{ name: string; digest: string }>(databaseUrl, digests.join(' UNION ALL '))
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]))
}

const DIGEST = `count(*) || ' rows, ' || coalesce(md5(string_agg(row::text, E'\\n' ORDER BY row::text)), '')`

/** The rows of one statement, over a connection of its own. */
export async function rowsOf<Row extends object>(databaseUrl: string, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl, statement_timeout: 10_000 })
  await client.connect()
  try {
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}
