import { Migrator } from '@mikro-orm/migrations'
import { MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import { connectionOptions, databaseNameOf, NO_STATEMENT_TIMEOUT_MS } from './database-connection.ts'
import { ConfigurationError } from './environment.ts'
import type { Logger } from './logging.ts'

type Migrations = NonNullable<NonNullable<Parameters<typeof MikroORM.init>[0]>['migrations']>['migrationsList']

export interface MigrationOptions {
  /** A libpq connection URL. */
  url: string
  /** The Postgres schema this subgraph owns, and the only one it touches. */
  schema: string
  migrations: NonNullable<Migrations>
  logger: Logger
  /** How long a replica that starts while another one migrates waits for it, in milliseconds; 10 minutes. */
  migrationWaitMs?: number
}

const MIGRATION_WAIT_MS = 10 * 60_000

/** PostgreSQL's error codes, appendix A. */
const INSUFFICIENT_PRIVILEGE = '42501'
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Brings a schema to its newest version. Each migration has a transaction of its own, so what was done stays done, and
 * takes as long as it takes. Replicas may start at once: one migrates under the advisory lock, the others wait and find
 * nothing to do.
 *
 * @throws ConfigurationError when the URL does not lead to a database, or its role lacks rights, or another process
 * migrates for too long; and whatever a migration throws.
 */
export async function migrateDatabase(options: MigrationOptions): Promise<void> {
  const { url, schema, migrationWaitMs } = options
  const lock = new pg.Client({
    ...connectionOptions(url, nameOf(schema), NO_STATEMENT_TIMEOUT_MS),
    lock_timeout: migrationWaitMs ?? MIGRATION_WAIT_MS,
  })
  // A query under way rejects as well; without a listener a lost connection would end the process.
  lock.on('error', () => {})
  await lock.connect().catch((error: unknown) => {
    throw new ConfigurationError(unreachable(url, error), { cause: error })
  })
  try {
    await takeTurn(lock, options)
    await createSchema(lock, schema)
    await applyMigrations(options)
  } catch (error) {
    throw codeOf(error) === INSUFFICIENT_PRIVILEGE ? await forbidden(lock, schema, error) : error
  } finally {
    await lock.end()
  }
}

const nameOf = (schema: string) => `parley-${schema}-migration`

/** Takes the lock under which one process at a time migrates; whoever waits for it says for whom. */
async function takeTurn(lock: pg.Client, { schema, logger }: MigrationOptions): Promise<void> {
  const key = `parley.migrations.${schema}`
  const { rows } = await lock.query('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS "isOurs"', [key])
  if (rows[0]?.isOurs) return
  const holder = await findHolder(lock, key)
  logger.info({ schema, ...holder }, 'waiting for another process that migrates the database')
  try {
    await lock.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [key])
  } catch (error) {
    if (codeOf(error) !== LOCK_NOT_AVAILABLE) throw error
    throw new ConfigurationError(tooLong(schema, (await findHolder(lock, key)) ?? holder), { cause: error })
  }
}

/** A connection as `pg_stat_activity` knows it; what the role may not see is null. */
interface Holder {
  readonly pid: number
  readonly application: string | null
  readonly address: string | null
  readonly since: Date | null
}

/** Whose connection holds an advisory lock; undefined when it was let go meanwhile. */
async function findHolder(lock: pg.Client, key: string): Promise<Holder | undefined> {
  const { rows } = await lock.query<Holder>(
    `SELECT pid, application_name AS application, host(client_addr) AS address, backend_start AS since
     FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND datname = current_database()
       AND (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0)`,
    [key],
  )
  return rows[0]
}

function tooLong(schema: string, holder: Holder | undefined): string {
  const { pid, application, address, since } = holder ?? {}
  const from = `${application ?? 'a connection'} from ${address ?? 'this host'}${since ? ` since ${since.toISOString()}` : ''}`
  return `DATABASE_URL: another process still migrates the schema ${schema}${holder ? ` (${from})` : ''}.
Let it finish, and start this one again. If it hangs, end it, or its connection: SELECT pg_terminate_backend(${pid ?? 'pid'})`
}

/** Even `CREATE SCHEMA IF NOT EXISTS` asks for the right to create one, which a role may lack when it is there already. */
async function createSchema(lock: pg.Client, schema: string): Promise<void> {
  const { rowCount } = await lock.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
  const name = lock.escapeIdentifier(schema)
  if (rowCount === 0) await lock.query(`CREATE SCHEMA ${name}`)
  // The migrator would take a schema that is closed to it for a missing one.
  else await lock.query('SELECT to_regclass($1)', [`${name}.mikro_orm_migrations`])
}

/** In connections of their own, because the statements of a migration have no timeout. */
async function applyMigrations({ url, schema, migrations, logger }: MigrationOptions): Promise<void> {
  const orm = new MikroORM({
    entities: [],
    discovery: { warnWhenNoEntities: false },
    dbName: databaseNameOf(url),
    schema,
    driverOptions: connectionOptions(url, nameOf(schema), NO_STATEMENT_TIMEOUT_MS),
    pool: { min: 0, max: 2 },
    extensions: [Migrator],
    migrations: {
      migrationsList: migrations,
      tableName: 'mikro_orm_migrations',
      schema,
      snapshot: false,
      silent: true,
      allOrNothing: false,
    },
    logger: (message) => logger.debug(message),
  })
  try {
    const applied = await orm.migrator.up()
    if (applied.length > 0) logger.info({ migrations: applied.map((migration) => migration.name) }, 'database migrated')
  } finally {
    await orm.close(true)
  }
}

async function forbidden(lock: pg.Client, schema: string, error: unknown): Promise<ConfigurationError> {
  const { rows } = await lock.query<{ role: string; database: string; exists: boolean }>(
    `SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database,
       EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS exists`,
    [schema],
  )
  const [{ role = '', database = '', exists = false } = {}] = rows
  const name = lock.escapeIdentifier(schema)
  const remedy = exists
    ? `It must own the schema and what is in it: ALTER SCHEMA ${name} OWNER TO ${role}`
    : `As the database's owner run there
  CREATE SCHEMA ${name} AUTHORIZATION ${role}    or    GRANT CREATE ON DATABASE ${database} TO ${role}`
  const words = `DATABASE_URL: in the database ${database} the role ${role} may not ${exists ? 'use or change' : 'create'} the schema ${schema} (${reasonOf(error)}). ${remedy}`
  return new ConfigurationError(words, { cause: error })
}

function unreachable(url: string, error: unknown): string {
  const { hostname, port, pathname } = new URL(url)
  const place = `${decodeURIComponent(hostname)}:${port || 5432}${pathname}`
  // One error for each address of the host.
  const [cause] = error instanceof AggregateError ? error.errors : [error]
  const reason = cause instanceof Error ? cause.message : String(cause)
  return `DATABASE_URL: there is no database to use at ${place} (${reason}); start it, or correct the URL.`
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** What Postgres says, without the statement that MikroORM puts before it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : reasonOf(error.cause)
}
