import { resolve } from 'node:path'
import type { MikroORM } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { databaseUrl, logFormatOf, processEnvironment, readEnvironment } from '../platform/environment.ts'
import { createLogger } from '../platform/logging.ts'
import { openAll } from '../platform/resources.ts'
import { openChatDatabase } from '../subgraphs/chat/database.ts'
import { openEmbeddedDatabase } from './database.ts'
import { reachEmbeddedPostgres } from './postgres/reach-postgres.ts'

const environment = z.object({
  ...processEnvironment,
  DATA_DIR: z.string().default('.parley'),
  DATABASE_URL: databaseUrl().optional(),
  LOG_LEVEL: processEnvironment.LOG_LEVEL.default('warn'),
})

/**
 * Chat's database, for a command of the operator beside the service: the one of `DATABASE_URL`, else the embedded one of
 * `DATA_DIR`, whether or not `npm start` is running on it.
 *
 * @throws ConfigurationError that names each variable at fault.
 */
export function openChatForAdministration(env: NodeJS.ProcessEnv): Promise<{ orm: MikroORM } & AsyncDisposable> {
  return openAll(async (resources) => {
    const given = readEnvironment(environment, env)
    const connect = () => reachEmbeddedPostgres({ dataDirectory: resolve(given.DATA_DIR) })
    const url = given.DATABASE_URL ?? (await openEmbeddedDatabase(connect, resources))
    const logger = createLogger({ name: 'administration', level: given.LOG_LEVEL, format: logFormatOf(given) })
    const orm = await openChatDatabase(url, logger)
    resources.defer(() => orm.close(true))
    return { orm }
  })
}
