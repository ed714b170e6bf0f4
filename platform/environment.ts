import { z } from 'zod'
import { readNatsUrl } from './event-bus/nats/address.ts'

/** The environment is wrong: the message names each variable and says what it must be. The process must not start. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  /** One line for each thing that is wrong. */
  readonly complaints: readonly string[]

  /** @param wrong a sentence that stands alone, or a line for each variable. */
  constructor(wrong: string | readonly string[], options?: ErrorOptions) {
    super(typeof wrong === 'string' ? wrong : `The environment is not usable:\n  ${wrong.join('\n  ')}`, options)
    this.complaints = typeof wrong === 'string' ? [wrong] : wrong
  }
}

/**
 * Reads a process's configuration through its one schema. Empty variables count as unset.
 *
 * @throws ConfigurationError that names every variable at fault, never its value (it may be a secret).
 */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const result = schema.safeParse(given)
  if (result.success) return result.data
  throw new ConfigurationError(
    result.error.issues.map((issue) => `${issue.path.join('.') || 'environment'}: ${issue.message}`),
  )
}

/**
 * Reads several configurations out of one environment.
 *
 * @throws ConfigurationError with the complaints of all of them, each once.
 */
export function readTogether<Configs extends readonly unknown[]>(
  ...readers: { [Index in keyof Configs]: () => Configs[Index] }
): Configs {
  const complaints = new Set<string>()
  const configs = readers.map((read) => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      for (const complaint of error.complaints) complaints.add(complaint)
      return undefined
    }
  })
  if (complaints.size > 0) throw new ConfigurationError([...complaints])
  return configs as unknown as Configs
}

/** A whole number, with a default, within bounds. */
export function integer(fallback: number, bounds: { min?: number; max?: number } = {}) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds
  const allowed = `a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? ' up' : ` to ${max}`}`
  const wanted = `must be ${allowed}`
  return z
    .string()
    .regex(/^\d+$/, wanted)
    .transform(Number)
    .refine((value) => value >= min && value <= max, wanted)
    .default(fallback)
    .meta({ allowed })
}

/** The longest time that a timer of Node can wait, in milliseconds: with a longer one it fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A time that a timer can wait. */
export const milliseconds = (fallback: number, bounds: { min?: number } = {}) =>
  integer(fallback, { ...bounds, max: LONGEST_TIMER_MS })

/** A TCP port; 0 takes any free one. */
export const port = (fallback: number) => integer(fallback, { max: 65_535 })

/** An absolute http(s) URL without credentials in it. */
export const httpUrl = () =>
  z
    .url({ protocol: /^https?$/, error: 'must be an absolute http:// or https:// URL', abort: true })
    .refine((value) => !hasCredentials(value), 'must be a URL without user and password in it')

function hasCredentials(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { username, password } = new URL(value)
  return username !== '' || password !== ''
}

/** An http(s) origin: scheme, host and port, without a path. */
export const httpOrigin = () =>
  httpUrl()
    .refine(
      (value) => !URL.canParse(value) || new URL(value).pathname === '/',
      'must be an origin without a path, like http://auth:4001',
    )
    .transform((value) => (URL.canParse(value) ? new URL(value).origin : value))

/** Where a subgraph's Postgres is. */
export const databaseUrl = () =>
  z
    .url({
      protocol: /^postgres(ql)?$/,
      error: ({ input }) =>
        `${input === undefined ? 'is required:' : 'must be'} a PostgreSQL URL such as postgres://user:password@host:5432/database`,
    })
    .describe(
      'Postgres 15 or newer, such as postgres://parley:secret@localhost:5432/parley. Without it `npm start` runs its own.',
    )

/** Where a Redis server is. */
export const redisUrl = () =>
  z
    .url({ protocol: /^rediss?$/, error: 'must be a URL such as redis://:password@host:6379' })
    .optional()
    .describe(
      'Such as redis://:password@host:6379; with it all processes count together what is limited, without it each for itself.',
    )

/** Where NATS servers are; one URL, or several separated by commas. */
export const natsUrl = () =>
  z
    .string()
    .refine(
      (text) => readNatsUrl(text) !== undefined,
      'must be a URL such as nats://user:password@host:4222 or tls://token@host:4222, or several with the same credentials, separated by commas',
    )
    .optional()
    .describe(
      'Such as nats://user:password@host:4222, nats://token@host or tls://host; several of one cluster are separated by commas. With it processes wake each other at once, and typing, read markers and presence reach all of them; they need the same SERVICE_SECRET. Without it each looks once a second.',
    )

/** Yes or no. */
export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .transform((value) => value === 'true')
    .default(fallback)

/** The secret all services of one graph share; in production it must be set. */
export const serviceSecret = () =>
  z
    .string()
    .min(32, 'must have 32 characters or more, such as those of `openssl rand -hex 32`')
    .optional()
    .describe(
      'Shared by all services of one graph, 32 characters or more. Required in production, of the gateway when it has JWKS_URL, and with NATS_URL; `npm start` makes its own.',
    )

/** A rule for `.refine(...)`, checked beside the others so that one start names everything that is missing. */
export const productionNeedsServiceSecret: [
  isMet: (read: { NODE_ENV: string; SERVICE_SECRET?: string | undefined }) => boolean,
  complaint: { path: PropertyKey[]; error: string; when: () => boolean },
] = [
  ({ NODE_ENV, SERVICE_SECRET }) => NODE_ENV !== 'production' || SERVICE_SECRET !== undefined,
  {
    path: ['SERVICE_SECRET'],
    error: 'is required in production: the secret that all services of this graph share',
    when: () => true,
  },
]

/** A rule for `.refine(...)`: whoever else reaches NATS could ring falsely, and a false ring may hide a real event. */
export const natsNeedsServiceSecret: typeof productionNeedsServiceSecret = [
  (read: { NATS_URL?: string | undefined; SERVICE_SECRET?: string | undefined }) =>
    read.NATS_URL === undefined || read.SERVICE_SECRET !== undefined,
  {
    path: ['SERVICE_SECRET'],
    error: 'is required with NATS_URL: what travels over NATS is authenticated with it',
    when: () => true,
  },
]

/** Values separated by commas; white space around them does not count. */
export const list = () =>
  z.string().transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )

/** A share of all, from 0 to 1. */
export const ratio = (fallback: number) =>
  z
    .string()
    .regex(/^(?:0|1|1\.0+|0?\.\d+)$/, 'must be a number from 0 to 1, such as 0.01')
    .transform(Number)
    .default(fallback)
    .meta({ allowed: 'a number from 0 to 1' })

/** What every process reads. */
export const processEnvironment = {
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .default('development')
    .describe(
      'What the process takes itself for. In production it binds to every address, logs JSON, shows neither introspection nor an explorer nor unsent mails, and insists on SERVICE_SECRET.',
    ),
  HOST: z.string().optional().describe('The address to bind to: 127.0.0.1 by default, in production 0.0.0.0.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'must be a level from trace to silent')
    .default('info')
    .describe('From which level on lines are logged. `npm start` begins at warn.'),
  LOG_FORMAT: z
    .enum(['pretty', 'json'], 'must be pretty or json')
    .optional()
    .describe('Lines for people, or one JSON object a line for collectors: pretty by default, in production json.'),
  SHUTDOWN_GRACE_MS: milliseconds(8_000).describe(
    'How long a process that was told to stop may take, in milliseconds.',
  ),
  // By the names that OpenTelemetry gives these two.
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl()
    .optional()
    .describe(
      'A collector of traces that takes OTLP over HTTP: spans go to /v1/traces below this URL. Without it nothing is recorded.',
    ),
  OTEL_TRACES_SAMPLER_ARG: ratio(1).describe(
    'How many of all requests the gateway records, from 0 to 1; whoever it calls records the same ones.',
  ),
}

/** What access tokens must say; read by whoever makes or verifies them. */
export const accessTokenVariables = {
  JWT_ISSUER: z.string().default('parley').describe('Who issues access tokens (`iss`).'),
  JWT_AUDIENCE: z.string().default('parley').describe('For whom access tokens are (`aud`).'),
}

/** The address a process binds to: everywhere in production, this machine alone otherwise. */
export function hostOf(environment: { NODE_ENV: string; HOST?: string | undefined }): string {
  return environment.HOST ?? (environment.NODE_ENV === 'production' ? '0.0.0.0' : '127.0.0.1')
}

/** JSON lines in production, readable lines otherwise, unless `LOG_FORMAT` says so. */
export function logFormatOf(environment: { NODE_ENV: string; LOG_FORMAT?: 'pretty' | 'json' | undefined }) {
  return environment.LOG_FORMAT ?? (environment.NODE_ENV === 'production' ? 'json' : 'pretty')
}
