import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { MikroORM } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { readEnvironment } from '../platform/environment.ts'
import { createLogger } from '../platform/logging.ts'
import { openAll } from '../platform/resources.ts'
import { type AuthConfig, readAuthConfig } from '../subgraphs/auth/config.ts'
import { openAuthDatabase } from '../subgraphs/auth/database.ts'
import { openEmbeddedDatabase } from './database.ts'
import { reachEmbeddedPostgres } from './postgres/reach-postgres.ts'
import { keepSigningKey, newSigningKey } from './signing-key.ts'

const environment = z.looseObject({
  DATA_DIR: z.string().default('.parley'),
  DATABASE_URL: z.string().optional(),
  JWT_SIGNING_KEY: z.string().optional(),
  LOG_LEVEL: z.string().default('warn'),
})

/** Stands where a value follows later. */
const NOT_YET = 'postgresql://not-yet/parley'

/**
 * Auth's configuration and database, for a command of the operator beside the service. The database is the one of
 * `DATABASE_URL`, else the embedded one of `DATA_DIR`, whether or not `npm start` is running on it.
 *
 * @throws ConfigurationError that names each variable at fault.
 */
export function openAuthForAdministration(
  env: NodeJS.ProcessEnv,
): Promise<{ config: AuthConfig; orm: MikroORM } & AsyncDisposable> {
  return openAll(async (resources) => {
    const given = readEnvironment(environment, env)
    const dataDirectory = resolve(given.DATA_DIR)
    const readConfig = (databaseUrl: string, signingKey: string) =>
      readAuthConfig({
        ...env,
        // What a command makes it is told by itself.
        ADMIN_EMAIL: undefined,
        ADMIN_PASSWORD: undefined,
        LOG_LEVEL: given.LOG_LEVEL,
        DATABASE_URL: databaseUrl,
        JWT_SIGNING_KEY: signingKey,
        // A command calls no other service.
        SERVICE_SECRET: env.SERVICE_SECRET || randomBytes(32).toString('hex'),
      })
    // First of all, so that a mistake costs nothing.
    readConfig(given.DATABASE_URL ?? NOT_YET, given.JWT_SIGNING_KEY ?? newSigningKey())
    const signingKey = given.JWT_SIGNING_KEY ?? (await keepSigningKey(resolve(dataDirectory, 'signing-key.pem')))
    const connect = () => reachEmbeddedPostgres({ dataDirectory })
    const config = readConfig(given.DATABASE_URL ?? (await openEmbeddedDatabase(connect, resources)), signingKey)
    const logger = createLogger({ name: 'administration', ...config.logging })
    const orm = await openAuthDatabase({ url: config.databaseUrl, logger })
    resources.defer(() => orm.close(true))
    return { config, orm }
  })
}
