import { parseArgs } from 'node:util'
import type { MikroORM } from '@mikro-orm/postgresql'
import { z } from 'zod'
import {
  ConfigurationError,
  databaseUrl,
  logFormatOf,
  processEnvironment,
  readEnvironment,
} from '../platform/environment.ts'
import { createLogger, type Logger } from '../platform/logging.ts'
import { openAuthDatabase } from '../subgraphs/auth/database.ts'
import { openChatDatabase } from '../subgraphs/chat/database.ts'
import { runCommandOn } from './command.ts'

const USAGE = 'Say: npm run migrate [-- auth | chat]; without a name both schemas are migrated.'

const environment = z.object({ ...processEnvironment, DATABASE_URL: databaseUrl() })

/** Opening a schema migrates it. */
const OPEN: Readonly<Record<string, (url: string, logger: Logger) => Promise<MikroORM>>> = {
  auth: (url, logger) => openAuthDatabase({ url, logger }),
  chat: openChatDatabase,
}

await runCommandOn(readTarget, {
  usage: USAGE,
  read: readSchemas,
  async carryOut({ url, logger }, schemas) {
    for (const schema of schemas) {
      const orm = await OPEN[schema]?.(url, logger)
      await orm?.close(true)
    }
    return schemas.length === 1
      ? `The schema ${schemas[0]} is up to date.`
      : `The schemas ${schemas.join(' and ')} are up to date.`
  },
})

function readSchemas(): string[] {
  const { positionals } = parseArgs({ allowPositionals: true })
  const unknown = positionals.find((name) => !Object.hasOwn(OPEN, name))
  if (unknown !== undefined) throw new ConfigurationError(`There is no schema ${JSON.stringify(unknown)}. ${USAGE}`)
  return positionals.length === 0 ? Object.keys(OPEN) : [...new Set(positionals)]
}

async function readTarget(env: NodeJS.ProcessEnv) {
  const given = readEnvironment(environment, env)
  const logger = createLogger({ name: 'migrate', level: given.LOG_LEVEL, format: logFormatOf(given) })
  return { url: given.DATABASE_URL, logger, [Symbol.asyncDispose]: async () => {} }
}
