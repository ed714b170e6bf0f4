import { ConfigurationError } from '../platform/environment.ts'
import type { Resources } from '../platform/resources.ts'
import { ensureDatabase } from './postgres/create-database.ts'
import type { EmbeddedPostgres } from './postgres/embedded-postgres.ts'
import { EmbeddedPostgresError } from './postgres/embedded-postgres-error.ts'

const DATABASE = 'parley'

/**
 * The URL of the graph's database on an embedded server, which is closed with the other resources.
 *
 * @param connect starts the server, or finds one that runs.
 * @throws ConfigurationError that says what to do when there is none to be had.
 */
export async function openEmbeddedDatabase(
  connect: () => Promise<EmbeddedPostgres>,
  resources: Resources,
): Promise<string> {
  try {
    const postgres = resources.use(await connect())
    await ensureDatabase(postgres, DATABASE)
    return postgres.urlOf(DATABASE)
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw new ConfigurationError(error.message, { cause: error })
    throw error
  }
}
