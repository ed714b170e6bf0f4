import { z } from 'zod'
import {
  databaseUrl,
  hostOf,
  httpOrigin,
  httpUrl,
  integer,
  list,
  logFormatOf,
  milliseconds,
  natsNeedsServiceSecret,
  natsUrl,
  port,
  processEnvironment,
  productionNeedsServiceSecret,
  readEnvironment,
  serviceSecret,
} from '../../platform/environment.ts'
import { MOST_TOKENS } from './assistant/model/model-description.ts'
import {
  type AssistantConfig,
  assistantConfig,
  baseUrls,
  keyNeedsModeration,
  limit,
  modelFacts,
  oneKeyEach,
} from './config-assistant.ts'

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
    OPENAI_API_KEY: list()
      .refine((keys) => keys.length > 0, 'must hold a key')
      .optional(),
    OPENAI_BASE_URL: baseUrls().optional(),
    OPENAI_MODELS: list()
      .refine((names) => names.length > 0, 'must name a model')
      .refine((names) => new Set(names).size === names.length, 'must name each model once')
      .default(['gpt-4o-mini']),
    AI_MODELS_FILE: modelFacts().optional(),
    AI_IDLE_TIMEOUT_MS: milliseconds(60_000, { min: 1 }),
    AI_CONTEXT_TOKENS: integer(16_000, { min: 1, max: MOST_TOKENS }),
    AI_DAILY_TOKENS_PER_USER: limit(),
    AI_CONCURRENT_REPLIES_PER_USER: integer(32, { min: 1 }),
    AI_MODERATION_URL: httpUrl().optional(),
    AI_MODERATION_API_KEY: z.string().optional(),
    AI_MODERATION_MODEL: z.string().default('omni-moderation-latest'),
    AI_WORKER: z.enum(['in-process', 'separate'], 'must be in-process or separate').default('in-process'),
    WORKER_PORT: port(4003),
  })
  .refine(...productionNeedsServiceSecret)
  .refine(...natsNeedsServiceSecret)
  .refine(...oneKeyEach)
  .refine(...keyNeedsModeration)
  .refine((read) => read.OPENAI_API_KEY !== undefined || read.OPENAI_BASE_URL !== undefined, {
    path: ['OPENAI_API_KEY'],
    error: 'is required, or OPENAI_BASE_URL for a model of your own: nobody would answer',
    when: () => true,
  })

export interface ChatConfig {
  address: { host: string; port: number; variable: string }
  /** Where a process that only writes replies listens, for its health and metrics. */
  workerAddress: { host: string; port: number; variable: string }
  databaseUrl: string
  /** Absent: the bus is within this process alone. */
  natsUrl: string | undefined
  /** Auth's origin: its keys and its people. */
  authUrl: string
  jwt: { issuer: string; audience: string }
  serviceSecret: string | undefined
  assistant: AssistantConfig
  logging: { level: string; format: 'pretty' | 'json' }
  shutdownGraceMs: number
}

/**
 * The chat process's configuration, a function of the environment and of the file that AI_MODELS_FILE names.
 *
 * @throws ConfigurationError that names each variable at fault.
 */
export function readChatConfig(env: NodeJS.ProcessEnv): ChatConfig {
  const read = readEnvironment(environment, env)
  return {
    address: { host: hostOf(read), port: read.CHAT_PORT, variable: 'CHAT_PORT' },
    workerAddress: { host: hostOf(read), port: read.WORKER_PORT, variable: 'WORKER_PORT' },
    databaseUrl: read.DATABASE_URL,
    natsUrl: read.NATS_URL,
    authUrl: read.AUTH_URL,
    jwt: { issuer: read.JWT_ISSUER, audience: read.JWT_AUDIENCE },
    serviceSecret: read.SERVICE_SECRET,
    assistant: assistantConfig(read),
    logging: { level: read.LOG_LEVEL, format: logFormatOf(read) },
    shutdownGraceMs: read.SHUTDOWN_GRACE_MS,
  }
}
