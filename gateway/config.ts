import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import {
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

const environmentSchema = z
  .looseObject({
    ...processEnvironment,
    PORT: port(4000),
    SUPERGRAPH: z.string().default(fileURLToPath(new URL('../schema/supergraph.graphql', import.meta.url))),
    JWKS_URL: httpUrl().optional(),
    AUTH_URL: httpOrigin().optional(),
    JWT_ISSUER: z.string().default('parley'),
    JWT_AUDIENCE: z.string().default('parley'),
    SERVICE_SECRET: serviceSecret(),
    TRUSTED_PROXIES: list()
      .refine((proxies) => proxies.every(isAddressOrRange), 'must be IP addresses or CIDR ranges, like 10.0.0.0/8')
      .default([]),
    ALLOWED_ORIGINS: list().pipe(z.array(httpOrigin())).default([]),
    EXPLORER: z.enum(['sandbox', 'offline', 'off'], 'must be sandbox, offline or off').optional(),
    TRUSTED_DOCUMENTS: z.string().optional(),
    DEDUPLICATE_QUERIES: flag(false),
    LIMIT_BODY_BYTES: integer(1_000_000, { min: 1 }),
    LIMIT_TOKENS: integer(2_000, { min: 1 }),
    LIMIT_DEPTH: integer(12, { min: 1 }),
    LIMIT_ALIASES: integer(30),
    LIMIT_ROOT_FIELDS: integer(15, { min: 1 }),
    LIMIT_COST: integer(10_000, { min: 1 }),
    LIMIT_OPERATION_MS: milliseconds(10_000, { min: 1 }),
    LIMIT_SUBSCRIPTIONS_PER_SOCKET: integer(20, { min: 1 }),
    LIMIT_SOCKETS_PER_USER: integer(500, { min: 1 }),
    LIMIT_SOCKETS: integer(20_000, { min: 1 }),
    LIMIT_SOCKETS_PER_SECOND: integer(500, { min: 1 }),
    RATE_LIMIT_MUTATIONS: integer(100, { min: 1 }),
    REDIS_URL: redisUrl(),
    NATS_URL: natsUrl(),
  })
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
