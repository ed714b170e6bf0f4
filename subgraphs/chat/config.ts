import { z } from 'zod'
import {
  accessTokenVariables,
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

/** What chat and its workers read of the environment. */
export const chatVariables = {
  ...processEnvironment,
  CHAT_PORT: port(4002).describe('Where chat listens; 0 takes any free port.'),
  DATABASE_URL: databaseUrl(),
  NATS_URL: natsUrl(),
  AUTH_URL: httpOrigin()
    .default('http://127.0.0.1:4001')
    .describe('How the gateway (for the list of ended sessions) and chat reach auth: an origin without a path.'),
  ...accessTokenVariables,
  SERVICE_SECRET: serviceSecret(),
  OPENAI_API_KEY: list()
    .refine((keys) => keys.length > 0, 'must hold a key')
    .optional()
    .describe(
      'The key of the model’s API, or several separated by commas: one goes to all endpoints, whosever host it is (the log warns of that), several go to one each, and none stands for no key. With neither key nor URL `npm start` runs the canned demo.',
    ),
  OPENAI_BASE_URL: baseUrls()
    .optional()
    .describe(
      'Any OpenAI-compatible API, or several separated by commas, tried in their order until one begins to answer: https://api.openai.com/v1 by default.',
    ),
  OPENAI_MODELS: list()
    .refine((names) => names.length > 0, 'must name a model')
    .refine((names) => new Set(names).size === names.length, 'must name each model once')
    .default(['gpt-4o-mini'])
    .describe('Models separated by commas, each once; the first is the default.'),
  AI_MODELS_FILE: modelFacts()
    .optional()
    .describe('A JSON file that says more of models: docs/operating.md, "Models".'),
  AI_IDLE_TIMEOUT_MS: milliseconds(60_000, { min: 1 }).describe(
    'A stream of a model that is silent for so long has failed, in milliseconds.',
  ),
  AI_CONTEXT_TOKENS: integer(16_000, { min: 1, max: MOST_TOKENS }).describe(
    'How much of a conversation a model is given at most, in tokens: estimated ones where it is not known how it counts.',
  ),
  AI_DAILY_TOKENS_PER_USER: limit().describe(
    'What one user may use in a day of UTC, read and written together; without it as much as they like.',
  ),
  AI_CONCURRENT_REPLIES_PER_USER: integer(32, { min: 1 }).describe('Replies that one user may have under way.'),
  AI_MODERATION_URL: httpUrl()
    .optional()
    .describe(
      'Who judges what is said to the assistant and by it: the base URL of an API with OpenAI’s POST /moderations, such as https://api.openai.com/v1. Without it nobody does; when it cannot be reached, nothing is answered (docs/assistant.md).',
    ),
  AI_MODERATION_API_KEY: z.string().optional().describe('Its key.'),
  AI_MODERATION_MODEL: z.string().default('omni-moderation-latest').describe('Its model.'),
  AI_WORKER: z
    .enum(['in-process', 'separate'], 'must be in-process or separate')
    .default('in-process')
    .describe('Where replies are written: in the chat process, or in workers alone.'),
  WORKER_PORT: port(4003).describe('Where a worker listens, for its health and metrics; 0 takes any free port.'),
}

const environment = z
  .object(chatVariables)
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
