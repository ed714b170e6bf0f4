import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { z } from 'zod'
import { type GatewayConfig, readGatewayConfig } from '../gateway/config.ts'
import { ConfigurationError, readEnvironment, readTogether } from '../platform/environment.ts'
import { type AuthConfig, readAuthConfig } from '../subgraphs/auth/config.ts'
import { type ChatConfig, readChatConfig } from '../subgraphs/chat/config.ts'
import { DEMO_MODEL_ID } from './demo-model/demo-model.ts'
import { keepSigningKey, newSigningKey } from './signing-key.ts'

/** What `npm start` and the operator's commands read of the environment by themselves. */
export const localVariables = {
  DATA_DIR: z
    .string()
    .default('.parley')
    .describe('Where `npm start` keeps the data of its own Postgres, and its signing key.'),
}

const environment = z.looseObject({
  ...localVariables,
  DATABASE_URL: z.string().optional(),
  JWT_SIGNING_KEY: z.string().optional(),
  SERVICE_SECRET: z.string().optional(),
  PORT: z.string().optional(),
  PUBLIC_URL: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.string().optional(),
  AI_WORKER: z.string().optional(),
  LOG_LEVEL: z.string().default('warn'),
})

/** The whole graph's configuration; addresses that are only known once something listens are put in then. */
export interface LocalConfig {
  dataDirectory: string
  /** Absent: an embedded Postgres on `dataDirectory`. */
  databaseUrl: string | undefined
  /** Whether the built-in demo answers because no model is configured. */
  usesDemoModel: boolean
  auth: AuthConfig
  chat: ChatConfig
  gateway: GatewayConfig
  shutdownGraceMs: number
}

/** Stands where a value follows from what is started first; never connected to. */
const NOT_YET = { database: 'postgresql://not-yet/parley', origin: 'http://not-yet.invalid' }

/** Where links in mails lead while there is no app; undefined for a PORT that is none, which is complained of itself. */
function ownUrl(port = '4000'): string | undefined {
  const url = `http://127.0.0.1:${port}`
  return URL.canParse(url) ? url : undefined
}

/** Workers of their own reach neither a database nor a model that only this process knows: nobody would answer. */
function refuseIdleAssistant(given: z.output<typeof environment>, usesDemoModel: boolean): void {
  if (given.AI_WORKER !== 'separate' || (given.DATABASE_URL !== undefined && !usesDemoModel)) return
  throw new ConfigurationError([
    'AI_WORKER: separate needs DATABASE_URL and a model (OPENAI_API_KEY or OPENAI_BASE_URL), which `npm run worker` ' +
      'shares; without AI_WORKER replies are written here',
  ])
}

/**
 * Reads the configuration of every part before any of them starts, so that a mistake costs nothing.
 *
 * @throws ConfigurationError that names each variable at fault.
 */
export async function readLocalConfig(env: NodeJS.ProcessEnv): Promise<LocalConfig> {
  const given = readEnvironment(environment, env)
  const dataDirectory = resolve(given.DATA_DIR)
  const usesDemoModel = given.OPENAI_API_KEY === undefined && given.OPENAI_BASE_URL === undefined
  const shared = {
    ...env,
    LOG_LEVEL: given.LOG_LEVEL,
    DATABASE_URL: given.DATABASE_URL ?? NOT_YET.database,
    PUBLIC_URL: given.PUBLIC_URL ?? ownUrl(given.PORT),
    SERVICE_SECRET: given.SERVICE_SECRET ?? randomBytes(32).toString('hex'),
    JWKS_URL: `${NOT_YET.origin}/.well-known/jwks.json`,
    ...(usesDemoModel && { OPENAI_BASE_URL: NOT_YET.origin, OPENAI_MODELS: DEMO_MODEL_ID }),
  }
  const readAuth = (key: string) => readAuthConfig({ ...shared, JWT_SIGNING_KEY: key })
  const [chat, gateway] = readTogether(
    () => readChatConfig(shared),
    () => readGatewayConfig(shared),
    () => refuseIdleAssistant(given, usesDemoModel),
    // With any key: a file for one of its own is made only when the environment is right.
    () => readAuth(given.JWT_SIGNING_KEY ?? newSigningKey()),
  )
  const signingKey = given.JWT_SIGNING_KEY ?? (await keepSigningKey(resolve(dataDirectory, 'signing-key.pem')))
  return {
    dataDirectory,
    databaseUrl: given.DATABASE_URL,
    usesDemoModel,
    auth: readAuth(signingKey),
    chat,
    gateway,
    shutdownGraceMs: gateway.shutdownGraceMs,
  }
}
