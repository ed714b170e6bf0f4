import type { EntityClass, EntitySchema } from '@mikro-orm/core'
import { Migrator } from '@mikro-orm/migrations'
import { MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import { ConfigurationError } from './environment.ts'
import type { Logger } from './logging.ts'
import { giveBackLostConnections } from './lost-connections.ts'

type Migrations = NonNullable<NonNullable<Parameters<typeof MikroORM.init>[0]>['migrations']>['migrationsList']

/** Longest that one SQL statement may run before Postgres cancels it. */
const STATEMENT_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_MS = 5_000
/** A replica that starts while another one migrates waits this long for it. */
const MIGRATION_LOCK_TIMEOUT_MS = 60_000

export interface DatabaseOptions {
  /** A libpq connection URL. */
  url: string
  /** The Postgres schema this subgraph owns, and the only one it touches. */
  schema: string
  entities: (EntityClass | EntitySchema)[]
  migrations: NonNullable<Migrations>
  /** The most connections this process opens; `replicas × poolSize` must stay below Postgres' `max_connections`. */
  poolSize?: number
  logger: Logger
}

/**
 * Opens a subgraph's database: its schema migrated to the newest version, its pool bounded.
 *
 * @throws ConfigurationError when the URL does not lead to a database.
 */
export async function openDatabase(options: DatabaseOptions): Promise<MikroORM> {
  const orm = new MikroORM({
    entities: options.entities,
    // MikroORM insists on a name of its own although the URL below has the last word.
    dbName: new URL(options.url).pathname.slice(1) || 'parley',
    schema: options.schema,
    driverOptions: {
      connectionString: options.url,
      application_name: `parley-${options.schema}`,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      onPoolCreated: giveBackLostConnections,
    },
    pool: { min: 0, max: options.poolSize ?? 10, idleTimeoutMillis: 30_000 },
    extensions: [Migrator],
    migrations: {
      migrationsList: options.migrations,
      tableName: 'mikro_orm_migrations',
      schema: options.schema,
      snapshot: false,
      silent: true,
    },
    schemaGenerator: { skipTables: ['mikro_orm_migrations', `${options.schema}.mikro_orm_migrations`] },
    logger: (message) => options.logger.debug(message),
  })
  try {
    await migrate(orm, options)
    return orm
  } catch (error) {
    await orm.close(true)
    throw error
  }
}

/** Replicas may start at once: one migrates under the advisory lock, the others wait and find nothing to do. */
async function migrate(orm: MikroORM, { url, schema, logger }: DatabaseOptions): Promise<void> {
  const lock = new pg.Client({
    connectionString: url,
    statement_timeout: MIGRATION_LOCK_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  // A query under way rejects as well; without a listener a lost connection would end the process.
  lock.on('error', () => {})
  await lock.connect().catch((error: unknown) => {
    throw new ConfigurationError(unreachable(url, error), { cause: error })
  })
  try {
    await lock.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`parley.migrations.${schema}`])
    await lock.query(`CREATE SCHEMA IF NOT EXISTS ${lock.escapeIdentifier(schema)}`)
    const applied = await orm.migrator.up()
    if (applied.length > 0) logger.info({ migrations: applied.map((migration) => migration.name) }, 'database migrated')
  } finally {
    await lock.end()
  }
}

function unreachable(url: string, error: unknown): string {
  const { hostname, port, pathname } = new URL(url)
  const place = `${decodeURIComponent(hostname)}:${port || 5432}${pathname}`
  // One error for each address of the host.
  const [cause] = error instanceof AggregateError ? error.errors : [error]
  const reason = cause instanceof Error ? cause.message : String(cause)
  return `DATABASE_URL: there is no database to use at ${place} (${reason}); start it, or correct the URL.`
}
