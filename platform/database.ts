import type { EntityClass, EntitySchema } from '@mikro-orm/core'
import { MikroORM } from '@mikro-orm/postgresql'
import type { Pool } from 'pg'
import { connectionOptions, databaseNameOf } from './database-connection.ts'
import { instrumentPool } from './database-instrumentation.ts'
import { observePool } from './database-metrics.ts'
import { type MigrationOptions, migrateDatabase } from './database-migration.ts'
import { giveBackLostConnections } from './lost-connections.ts'
import type { Metrics } from './metrics.ts'

/** Longest that one SQL statement may run before Postgres cancels it; migrations have the time that they take. */
const STATEMENT_TIMEOUT_MS = 10_000

export interface DatabaseOptions extends MigrationOptions {
  entities: (EntityClass | EntitySchema)[]
  /** The most connections this process opens; `replicas × poolSize` must stay below Postgres' `max_connections`. */
  poolSize?: number
  /** Are told of the pool and its statements. */
  metrics?: Metrics | undefined
}

/**
 * Opens a subgraph's database: its schema migrated to the newest version, its pool bounded. A transaction that rests for
 * longer than 30 seconds on purpose says so: `SET LOCAL idle_in_transaction_session_timeout = 0`.
 *
 * @throws ConfigurationError when the URL does not lead to a database, or its role lacks rights, or another process
 * migrates for too long.
 */
export async function openDatabase(options: DatabaseOptions): Promise<MikroORM> {
  await migrateDatabase(options)
  const orm = new MikroORM({
    entities: options.entities,
    dbName: databaseNameOf(options.url),
    schema: options.schema,
    driverOptions: {
      ...connectionOptions(options.url, `parley-${options.schema}`, STATEMENT_TIMEOUT_MS),
      onPoolCreated: (pool: Pool) => {
        giveBackLostConnections(pool)
        if (options.metrics) observePool(options.metrics, pool)
        instrumentPool(pool, options)
      },
    },
    pool: { min: 0, max: options.poolSize ?? 10, idleTimeoutMillis: 30_000 },
    logger: (message) => options.logger.debug(message),
  })
  try {
    // Here and not with the first statement, which somebody waits for.
    await orm.connect()
    return orm
  } catch (error) {
    await orm.close(true)
    throw error
  }
}
