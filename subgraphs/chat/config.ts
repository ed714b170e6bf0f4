import { z } from 'zod'
import {
  databaseUrl,
  hostOf,
  httpOrigin,
  httpUrl,
  integer,
  list,
  logFormatOf,
  natsNeedsServiceSecret,
  natsUrl,
  port,
  processEnvironment,
  productionNeedsServiceSecret,
  readEnvironment,
  serviceSecret,
} from '../../platform/environment.ts'

const environment = z
  .object({
    ...processEnvironment,
    CHAT_PORT: port(4002),
    DATABASE_URL: databaseUrl(),
    NATS_URL: natsUrl(),
    AUTH_URL: httpOrigin().default('http://127.0.0.1:4001'),
    JWT_ISSUER: z.string().default('parley'),
    JWT_AUDIENCE: z.string().default('parley'),
    SERVICE_SECRET: serviceSecret(),
    OPENAI_API_KEY: z.string().optional(),
    OPENAI_BASE_URL: httpUrl().optional(),
    OPENAI_MODELS: list()
      .refine((names) => names.length > 0, 'must name a model')
      .default(['gpt-4o-mini']),
    AI_IDLE_TIMEOUT_MS: integer(60_000, { min: 1 }),
    AI_CONTEXT_TOKENS: integer(16_000, { min: 1 }),
  })
  .refine(...productionNeedsServiceSecret)
  .refine(...natsNeedsServiceSecret)
  .refine((read) => read.OPENAI_API_KEY !== undefined || read.OPENAI_BASE_URL !== undefined, {
    path: ['OPENAI_API_KEY'],
    error: 'is required, or OPENAI_BASE_URL for a model of your own: nobody would answer',
    when: () => true,
  })

export interface ChatConfig {
  address: { host: string; port: number; variable: string }
  databaseUrl: string
  /** Absent: the bus is within this process alone. */
  natsUrl: string | undefined
  /** Auth's origin: its keys and its people. */
  authUrl: string
  jwt: { issuer: string; audience: string }
  serviceSecret: string | undefined
  assistant: {
    apiKey: string | undefined
    baseUrl: string | undefined
    /** The first is the default. */
    models: readonly [string, ...string[]]
    /** Whether the API is Parley's own canned demo. */
    isDemo: boolean
    idleTimeoutMs: number
    contextTokens: number
  }
  logging: { level: string; format: 'pretty' | 'json' }
  shutdownGraceMs: number
}

/**
 * The chat process's configuration, a pure function of the environment.
 *
 * @throws ConfigurationError that names each variable at fault.
 */
export function readChatConfig(env: NodeJS.ProcessEnv): ChatConfig {
  const read = readEnvironment(environment, env)
  return {
    address: { host: hostOf(read), port: read.CHAT_PORT, variable: 'CHAT_PORT' },
    databaseUrl: read.DATABASE_URL,
    natsUrl: read.NATS_URL,
    authUrl: read.AUTH_URL,
    jwt: { issuer: read.JWT_ISSUER, audience: read.JWT_AUDIENCE },
    serviceSecret: read.SERVICE_SECRET,
    assistant: {
      apiKey: read.OPENAI_API_KEY,
      baseUrl: read.OPENAI_BASE_URL,
      models: read.OPENAI_MODELS as [string, ...string[]],
      isDemo: false,
      idleTimeoutMs: read.AI_IDLE_TIMEOUT_MS,
      contextTokens: read.AI_CONTEXT_TOKENS,
    },
    logging: { level: read.LOG_LEVEL, format: logFormatOf(read) },
    shutdownGraceMs: read.SHUTDOWN_GRACE_MS,
  }
}
