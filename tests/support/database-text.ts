import { rowsOf } from './database-content.ts'

const TABLES = `
  SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('auth', 'chat') ORDER BY 1`

/** Every row of every table of ours as text, each after the name of its table. */
export async function databaseText(databaseUrl: string): Promise<string[]> {
  const tables = await rowsOf<{ name: string }>(databaseUrl, TABLES)
  if (tables.length === 0) throw new Error('The database has none of our tables.')
  const selects = tables.map(({ name }) => `SELECT '${name}: ' || row::text AS line FROM ${name} row`)
  return (await rowsOf<{ line: string }>(databaseUrl, selects.join(' UNION ALL '))).map(({ line }) => line)
}
