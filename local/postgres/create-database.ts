import { Client, DatabaseError, escapeIdentifier } from 'pg'
import type { EmbeddedPostgres } from './embedded-postgres.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

const NAME = /^[a-z_][a-z0-9_-]{0,62}$/
const MAINTENANCE_DATABASE = 'postgres'
/** duplicate_database, and the unique_violation that two creations at the same moment lead to. */
const EXISTS_ALREADY = ['42P04', '23505']
const STATEMENT_TIMEOUT_MS = 30_000

/**
 * Creates a database, as a copy of `template` if one is named. Nobody may be connected to the template meanwhile.
 *
 * @throws EmbeddedPostgresError DATABASE_NAME_INVALID for a name that is not 1 to 63 of `a-z 0-9 _ -` (PostgreSQL
 *   would cut a longer one), and pg's DatabaseError, e.g. with code 42P04 for a database that exists.
 */
export async function createDatabase(
  postgres: EmbeddedPostgres,
  name: string,
  options: { readonly template?: string } = {},
): Promise<void> {
  const template = options.template === undefined ? '' : ` TEMPLATE ${identifier(options.template)}`
  const statement = `CREATE DATABASE ${identifier(name)}${template}`
  const client = new Client({
    ...postgres.connection,
    database: MAINTENANCE_DATABASE,
    ssl: false,
    connectionTimeoutMillis: STATEMENT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  })
  // The query under way rejects as well; without a listener a lost connection would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Creates a database unless it exists, also when several processes do so at once. */
export async function ensureDatabase(postgres: EmbeddedPostgres, name: string): Promise<void> {
  try {
    await createDatabase(postgres, name)
  } catch (error) {
    if (!(error instanceof DatabaseError && EXISTS_ALREADY.includes(error.code ?? ''))) throw error
  }
}

function identifier(name: string): string {
  if (NAME.test(name)) return escapeIdentifier(name)
  throw new EmbeddedPostgresError(
    'DATABASE_NAME_INVALID',
    `"${name}" cannot be the name of a database: use 1 to 63 of a-z, 0-9, "_" and "-", not starting with a digit or "-".`,
  )
}
