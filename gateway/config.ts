import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import {
  accessTokenVariables,
  flag,
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
  readEnvironment,
  redisUrl,
  serviceSecret,
} from '../platform/environment.ts'
import { isAddressOrRange } from './identity/trusted-proxies.ts'
import type { DocumentLimits } from './protection/document-reader.ts'

/** What a browser gets at `GET /graphql`: Apollo's hosted explorer, the bundled one that needs no internet, or nothing. */
export type ExplorerKind = 'sandbox' | 'offline' | 'off'

/** How this process verifies access tokens itself, before any subgraph sees them. */
export interface IdentityConfig {
  readonly jwksUrl: string
  readonly issuer: string
  readonly audience: string
  /** Auth's origin, for the list of ended sessions; absent: their tokens are good until they expire. */
  readonly authUrl?: string
}

/** The bounds on one client's work. */
export interface GatewayLimits extends DocumentLimits {
  /** Of one HTTP request. */
  readonly bodyBytes: number
  /** How long an operation, or one event of a subscription, may take, in milliseconds. */
  readonly operationMs: number
  readonly subscriptionsPerSocket: number
  /** Of one user, and of one address that is not signed in: of IPv6, of one /64. */
  readonly socketsPerUser: number
  /** Of this process. */
  readonly sockets: number
  /** New ones of this process, on average; ten seconds' worth of them may come at once. */
  readonly socketsPerSecond: number
  /** Of one user, on average; ten seconds' worth of them may come at once. */
  readonly mutationsPerSecond: number
}

export interface GatewayConfig {
  readonly production: boolean
  readonly host: string
  readonly port: number
  /** Path of the supergraph's SDL. */
  readonly supergraph: string
  /** Subgraph addresses that replace the supergraph's own, by the `<NAME>` of `SUBGRAPH_URL_<NAME>`. */
  readonly subgraphUrls: Readonly<Record<string, string>>
  /** Absent: tokens are forwarded without being looked at. */
  readonly identity?: IdentityConfig
  /** Absent: calls to subgraphs are not signed. */
  readonly serviceSecret?: string
  /** Addresses and CIDR ranges whose `x-forwarded-for` counts. */
  readonly trustedProxies: readonly string[]
  /** Origins of web pages, besides the gateway's own, that may call it from a browser. */
  readonly allowedOrigins: readonly string[]
  readonly explorer: ExplorerKind
  /** Path of the manifest of the only documents that may run; absent: all valid ones may. */
  readonly trustedDocuments?: string
  /** Whether identical queries that are under way at the same moment over HTTP run once. */
  readonly deduplicateQueries: boolean
  readonly limits: GatewayLimits
  /** Absent: what limits count, each gateway counts for itself. */
  readonly redisUrl?: string
  /** Absent: what other processes tell is found out by looking. */
  readonly natsUrl?: string
  readonly logLevel: string
  readonly logFormat: 'pretty' | 'json'
  /** How long a shutdown waits for operations in flight, in milliseconds. */
  readonly shutdownGraceMs: number
}

const SUBGRAPH_URL = 'SUBGRAPH_URL_'

/** What the gateway reads of the environment, besides SUBGRAPH_URL_<NAME>. */
export const gatewayVariables = {
  ...processEnvironment,
  PORT: port(4000).describe('Where the gateway listens; 0 takes any free port.'),
  SUPERGRAPH: z
    .string()
    .default(fileURLToPath(new URL('../schema/supergraph.graphql', import.meta.url)))
    .describe('The SDL of the supergraph that the gateway serves: Parley’s own by default.'),
  JWKS_URL: httpUrl()
    .optional()
    .describe(
      'The keys that access tokens are verified with, such as http://127.0.0.1:4001/.well-known/jwks.json. Identity is on only with it; `npm start` sets it.',
    ),
  AUTH_URL: httpOrigin()
    .optional()
    .describe('How the gateway (for the list of ended sessions) and chat reach auth: an origin without a path.'),
  ...accessTokenVariables,
  SERVICE_SECRET: serviceSecret(),
  TRUSTED_PROXIES: list()
    .refine((proxies) => proxies.every(isAddressOrRange), 'must be IP addresses or CIDR ranges, like 10.0.0.0/8')
    .default([])
    .describe('Addresses and CIDR ranges, separated by commas, whose x-forwarded-for counts.'),
  ALLOWED_ORIGINS: list()
    .pipe(z.array(httpOrigin()))
    .default([])
    .describe('Origins of web pages that may call the gateway from a browser, separated by commas.'),
  EXPLORER: z
    .enum(['sandbox', 'offline', 'off'], 'must be sandbox, offline or off')
    .optional()
    .describe(
      'What a browser gets: Apollo Sandbox (needs internet), the bundled explorer (offline) or nothing. sandbox by default; off in production, and with TRUSTED_DOCUMENTS.',
    ),
  TRUSTED_DOCUMENTS: z
    .string()
    .optional()
    .describe(
      'A manifest of the only documents that may run: docs/gateway.md, "Trusted documents". Without it all valid ones may.',
    ),
  DEDUPLICATE_QUERIES: flag(false).describe(
    'Whether identical queries that are under way at the same moment run once: docs/gateway.md, "Identical queries".',
  ),
  LIMIT_BODY_BYTES: integer(1_000_000, { min: 1 }).describe('Bytes of one request.'),
  LIMIT_TOKENS: integer(2_000, { min: 1 }).describe('Tokens of one document.'),
  LIMIT_DEPTH: integer(12, { min: 1 }).describe('How deep an operation’s fields may be nested.'),
  LIMIT_ALIASES: integer(30).describe('Aliases of one operation.'),
  LIMIT_ROOT_FIELDS: integer(15, { min: 1 }).describe('Root fields of one operation.'),
  LIMIT_COST: integer(10_000, { min: 1 }).describe(
    'Cost of one operation: an object is 1 times its page, a mutation 10.',
  ),
  LIMIT_OPERATION_MS: milliseconds(10_000, { min: 1 }).describe(
    'How long an operation, or one event of a subscription, may take, in milliseconds.',
  ),
  LIMIT_SUBSCRIPTIONS_PER_SOCKET: integer(20, { min: 1 }).describe('Subscriptions of one socket.'),
  LIMIT_SOCKETS_PER_USER: integer(500, { min: 1 }).describe(
    'Sockets of one user, and of one address that is not signed in.',
  ),
  LIMIT_SOCKETS: integer(20_000, { min: 1 }).describe('Sockets of one gateway.'),
  LIMIT_SOCKETS_PER_SECOND: integer(500, { min: 1 }).describe(
    'How many new sockets one gateway takes per second, on average; ten seconds’ worth may come at once.',
  ),
  RATE_LIMIT_MUTATIONS: integer(100, { min: 1 }).describe(
    'Mutations of one user per second, on average; ten seconds’ worth of them may come at once.',
  ),
  REDIS_URL: redisUrl(),
  NATS_URL: natsUrl(),
}

const environmentSchema = z
  .looseObject(gatewayVariables)
  .refine(({ NODE_ENV, JWKS_URL, SERVICE_SECRET }) => NODE_ENV !== 'production' || !JWKS_URL || SERVICE_SECRET, {
    path: ['SERVICE_SECRET'],
    error: 'is required in production with JWKS_URL: the secret that all services of this graph share',
    // Checked beside the other variables, so that one start names everything that is wrong.
    when: () => true,
  })
  .refine(({ TRUSTED_DOCUMENTS, EXPLORER }) => !TRUSTED_DOCUMENTS || EXPLORER === undefined || EXPLORER === 'off', {
    path: ['EXPLORER'],
    error: 'must be off with TRUSTED_DOCUMENTS, which let no explorer ask anything',
    when: () => true,
  })
  .refine(...natsNeedsServiceSecret)
  .transform((environment, context) => ({ ...environment, subgraphUrls: subgraphUrlsIn(environment, context) }))

/**
 * Reads the gateway's configuration from its environment.
 *
 * @throws ConfigurationError that names every variable at fault.
 */
export function readGatewayConfig(environment: NodeJS.ProcessEnv): GatewayConfig {
  const values = readEnvironment(environmentSchema, environment)
  const production = values.NODE_ENV === 'production'
  return {
    production,
    host: hostOf(values),
    port: values.PORT,
    supergraph: values.SUPERGRAPH,
    subgraphUrls: values.subgraphUrls,
    ...(values.JWKS_URL && {
      identity: {
        jwksUrl: values.JWKS_URL,
        issuer: values.JWT_ISSUER,
        audience: values.JWT_AUDIENCE,
        ...(values.AUTH_URL && { authUrl: values.AUTH_URL }),
      },
    }),
    ...(values.SERVICE_SECRET && { serviceSecret: values.SERVICE_SECRET }),
    trustedProxies: values.TRUSTED_PROXIES,
    allowedOrigins: values.ALLOWED_ORIGINS,
    explorer: values.EXPLORER ?? (production || values.TRUSTED_DOCUMENTS ? 'off' : 'sandbox'),
    ...(values.TRUSTED_DOCUMENTS && { trustedDocuments: values.TRUSTED_DOCUMENTS }),
    deduplicateQueries: values.DEDUPLICATE_QUERIES,
    limits: {
      bodyBytes: values.LIMIT_BODY_BYTES,
      tokens: values.LIMIT_TOKENS,
      depth: values.LIMIT_DEPTH,
      aliases: values.LIMIT_ALIASES,
      rootFields: values.LIMIT_ROOT_FIELDS,
      cost: values.LIMIT_COST,
      operationMs: values.LIMIT_OPERATION_MS,
      subscriptionsPerSocket: values.LIMIT_SUBSCRIPTIONS_PER_SOCKET,
      socketsPerUser: values.LIMIT_SOCKETS_PER_USER,
      sockets: values.LIMIT_SOCKETS,
      socketsPerSecond: values.LIMIT_SOCKETS_PER_SECOND,
      mutationsPerSecond: values.RATE_LIMIT_MUTATIONS,
    },
    ...(values.REDIS_URL && { redisUrl: values.REDIS_URL }),
    ...(values.NATS_URL && { natsUrl: values.NATS_URL }),
    logLevel: values.LOG_LEVEL,
    logFormat: logFormatOf(values),
    shutdownGraceMs: values.SHUTDOWN_GRACE_MS,
  }
}

function subgraphUrlsIn(environment: Record<string, unknown>, context: z.RefinementCtx): Record<string, string> {
  const urls: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(SUBGRAPH_URL)) continue
    const url = httpUrl().safeParse(value)
    if (url.success) urls[name.slice(SUBGRAPH_URL.length)] = url.data
    else context.addIssue({ code: 'custom', path: [name], message: url.error.issues[0]?.message ?? 'is not a URL' })
  }
  return urls
}
