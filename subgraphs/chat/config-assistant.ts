import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { httpUrl, integer, list } from '../../platform/environment.ts'
import { isSameUrl, type ModelDescription, type ModelFacts, modelsFile } from './assistant/model/model-description.ts'

/** Where models are asked. */
export interface ModelEndpoint {
  /** Says in logs and tables which one it was: the URL's host, and the how manieth of that host. */
  readonly name: string
  readonly baseUrl: string
  /** Undefined: none is sent. */
  readonly apiKey: string | undefined
}

/** How the assistant is configured. */
export interface AssistantConfig {
  /** In the order in which they are tried. */
  readonly endpoints: readonly [ModelEndpoint, ...ModelEndpoint[]]
  /** The first is the default. */
  readonly models: readonly [ModelDescription, ...ModelDescription[]]
  /** Whether the API is Parley's own canned demo. */
  readonly isDemo: boolean
  /** A stream that is silent for so long has failed. */
  readonly idleTimeoutMs: number
  /** How much of a conversation a model is given at most. */
  readonly contextTokens: number
  /** How many tokens the replies of one user may cost in a day of UTC; null: as many as they like. */
  readonly dailyTokensPerUser: number | null
  /** How many replies one user may have under way. */
  readonly concurrentRepliesPerUser: number
  /** Who judges what is said to the assistant, and by it; null: nobody. */
  readonly moderation: ModerationConfig | null
  /** Whether the chat process writes replies itself. */
  readonly runsWorker: boolean
  /** What may be a mistake, in sentences for the log; none holds a secret. */
  readonly doubts?: readonly string[]
}

/** An API with OpenAI's `POST /moderations`. */
export interface ModerationConfig {
  /** The base URL, to which `/moderations` is added. */
  readonly url: string
  /** Undefined: none is sent. */
  readonly apiKey: string | undefined
  readonly model: string
}

/** What the environment says about the assistant. */
export interface AssistantEnvironment {
  OPENAI_API_KEY?: string[] | undefined
  OPENAI_BASE_URL?: string[] | undefined
  OPENAI_MODELS: string[]
  AI_MODELS_FILE?: Record<string, ModelFacts> | undefined
  AI_IDLE_TIMEOUT_MS: number
  AI_CONTEXT_TOKENS: number
  AI_DAILY_TOKENS_PER_USER?: number | undefined
  AI_CONCURRENT_REPLIES_PER_USER: number
  AI_MODERATION_URL?: string | undefined
  AI_MODERATION_API_KEY?: string | undefined
  AI_MODERATION_MODEL: string
  AI_WORKER: 'in-process' | 'separate'
}

const OPENAI = 'https://api.openai.com/v1'
/** Stands for a key where there is none. */
const NO_KEY = 'none'

/** http(s) URLs separated by commas, one or more. */
export const baseUrls = () =>
  list().refine(
    (urls) => urls.length > 0 && urls.every((url) => httpUrl().safeParse(url).success),
    'must be an absolute http:// or https:// URL without user and password in it, or several, separated by commas',
  )

/** A whole number from 1 up, or nothing. */
export const limit = () => integer(1, { min: 1 }).removeDefault().optional()

/** The path of a JSON file, read as what it says of models. */
export const modelFacts = () =>
  z.string().transform((path, context) => {
    const content = readJson(path)
    const read = content === undefined ? undefined : modelsFile.safeParse(content.json)
    if (read?.success) return read.data
    const complaints = read?.error.issues.map(({ path: [model, fact], message, code, ...issue }) => {
      const place = [model, fact].filter((part) => part !== undefined).join('.')
      const unknown = code === 'unrecognized_keys' && 'keys' in issue ? `does not know ${issue.keys}` : undefined
      return `${place || 'the file'} ${unknown ?? message}`
    })
    for (const complaint of new Set(complaints ?? ['must be the path of a JSON file that can be read'])) {
      context.addIssue({ code: 'custom', message: complaint })
    }
    return z.NEVER
  })

function readJson(path: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(readFileSync(path, 'utf8')) }
  } catch {
    return undefined
  }
}

/** A rule for `.refine(...)`: one key goes to every endpoint, several go to one each. */
export const oneKeyEach: [
  isMet: (read: Pick<AssistantEnvironment, 'OPENAI_API_KEY' | 'OPENAI_BASE_URL'>) => boolean,
  complaint: { path: PropertyKey[]; error: string },
] = [
  ({ OPENAI_API_KEY: keys, OPENAI_BASE_URL: urls = [OPENAI] }) => [0, 1, urls.length].includes(keys?.length ?? 0),
  { path: ['OPENAI_API_KEY'], error: `must be one key, or one for each of OPENAI_BASE_URL (${NO_KEY} for none)` },
]

/** A rule for `.refine(...)`: a key that goes nowhere is a mistake, and without a URL nobody would judge. */
export const keyNeedsModeration: [
  isMet: (read: Pick<AssistantEnvironment, 'AI_MODERATION_URL' | 'AI_MODERATION_API_KEY'>) => boolean,
  complaint: { path: PropertyKey[]; error: string },
] = [
  (read) => read.AI_MODERATION_API_KEY === undefined || read.AI_MODERATION_URL !== undefined,
  { path: ['AI_MODERATION_URL'], error: `is required with AI_MODERATION_API_KEY, such as ${OPENAI}` },
]

/** The assistant's configuration, out of what was read. */
export function assistantConfig(read: AssistantEnvironment): AssistantConfig {
  const { AI_MODELS_FILE: facts = {}, AI_MODERATION_URL: moderationUrl } = read
  const models = read.OPENAI_MODELS.map((id) => ({ id, ...(Object.hasOwn(facts, id) && facts[id]) }))
  const baseUrls = read.OPENAI_BASE_URL ?? [OPENAI]
  return {
    endpoints: endpoints(baseUrls, read.OPENAI_API_KEY ?? []),
    models: models as [ModelDescription, ...ModelDescription[]],
    isDemo: false,
    idleTimeoutMs: read.AI_IDLE_TIMEOUT_MS,
    contextTokens: read.AI_CONTEXT_TOKENS,
    dailyTokensPerUser: read.AI_DAILY_TOKENS_PER_USER ?? null,
    concurrentRepliesPerUser: read.AI_CONCURRENT_REPLIES_PER_USER,
    moderation:
      moderationUrl === undefined
        ? null
        : { url: moderationUrl, apiKey: read.AI_MODERATION_API_KEY, model: read.AI_MODERATION_MODEL },
    runsWorker: read.AI_WORKER === 'in-process',
    doubts: [
      ...doubtsOfKeys(baseUrls, read.OPENAI_API_KEY ?? []),
      ...doubtsOfModels(baseUrls, read.OPENAI_MODELS, facts),
    ],
  }
}

/** A key that was meant for one host is easily sent to another, which then has it. */
function doubtsOfKeys(baseUrls: readonly string[], keys: readonly string[]): string[] {
  const hosts = new Set(baseUrls.map((url) => new URL(url).host))
  if (keys.length !== 1 || keys[0] === NO_KEY || hosts.size === 1) return []
  const list = [...hosts].join(', ')
  return [
    `OPENAI_API_KEY: its one key is sent to ${list}; name one for each URL (${NO_KEY} for none) if that is not meant`,
  ]
}

/** A slip in a name would silently mean that nothing is known. */
function doubtsOfModels(
  baseUrls: readonly string[],
  offered: readonly string[],
  facts: Readonly<Record<string, ModelFacts>>,
): string[] {
  const isAsked = (url: string) => baseUrls.some((asked) => isSameUrl(asked, url))
  return Object.entries(facts).flatMap(([id, { api, nameAt }]) => {
    if (!offered.includes(id)) return [`AI_MODELS_FILE: ${id} is not one of OPENAI_MODELS`]
    const urls = Object.keys({ ...nameAt, ...(typeof api === 'object' && api) })
    return urls
      .filter((url) => !isAsked(url))
      .map((url) => `AI_MODELS_FILE: ${id} names ${withoutCredentials(url)}, which is not one of OPENAI_BASE_URL`)
  })
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//')
}

function endpoints(baseUrls: string[], keys: string[]): AssistantConfig['endpoints'] {
  const hosts = baseUrls.map((url) => new URL(url).host)
  const named = baseUrls.map((baseUrl, index) => {
    const host = hosts[index] ?? ''
    const before = hosts.slice(0, index).filter((other) => other === host).length
    const key = keys.length === 1 ? keys[0] : keys[index]
    return {
      name: before === 0 ? host : `${host} #${before + 1}`,
      baseUrl,
      apiKey: key === NO_KEY ? undefined : key,
    }
  })
  return named as [ModelEndpoint, ...ModelEndpoint[]]
}
