import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import {
  databaseUrl,
  hostOf,
  integer,
  logFormatOf,
  port,
  processEnvironment,
  productionNeedsServiceSecret,
  readEnvironment,
  serviceSecret,
} from '../../platform/environment.ts'
import { readSigningKey } from './session/signing-key.ts'

const DAY_SECONDS = 86_400
const LONGEST_PASSWORD_MINIMUM = 256

/** How long what a session consists of lives, in seconds. */
export interface SessionLifetimes {
  readonly accessTokenSeconds: number
  /** A session that was not refreshed for so long is over. */
  readonly idleSeconds: number
  /** A session is over so long after the sign-in, however often it was refreshed. */
  readonly absoluteSeconds: number
}

/** Everything that the auth process is told from outside. */
export interface AuthConfig {
  readonly address: { readonly host: string; readonly port: number; readonly variable: string }
  readonly databaseUrl: string
  /** Signs and checks calls between services; without it calls need no signature. */
  readonly serviceSecret: string | undefined
  readonly tokens: { readonly signingKey: KeyObject; readonly issuer: string; readonly audience: string }
  readonly sessions: SessionLifetimes
  readonly passwordMinLength: number
  readonly logging: { readonly level: string; readonly format: 'pretty' | 'json' }
  /** How long a shutdown waits for what is under way, in milliseconds. */
  readonly shutdownGraceMs: number
}

const signingKey = z
  .string('is required: a P-256 private key as PKCS#8 PEM, or that PEM in base64')
  .transform((text, context): KeyObject => {
    const key = readSigningKey(text)
    if (key) return key
    context.addIssue('must be a P-256 private key as PKCS#8 PEM, or that PEM in base64')
    return z.NEVER
  })

const environmentSchema = z
  .object({
    ...processEnvironment,
    AUTH_PORT: port(4001),
    DATABASE_URL: databaseUrl(),
    JWT_SIGNING_KEY: signingKey,
    JWT_ISSUER: z.string().default('parley'),
    JWT_AUDIENCE: z.string().default('parley'),
    JWT_ACCESS_TTL: integer(600, { min: 1 }),
    JWT_REFRESH_IDLE_TTL: integer(14 * DAY_SECONDS, { min: 1 }),
    JWT_REFRESH_ABSOLUTE_TTL: integer(90 * DAY_SECONDS, { min: 1 }),
    PASSWORD_MIN_LENGTH: integer(12, { min: 8, max: LONGEST_PASSWORD_MINIMUM }),
    SERVICE_SECRET: serviceSecret(),
  })
  .refine(...productionNeedsServiceSecret)

/**
 * Reads the auth process's configuration.
 *
 * @throws ConfigurationError that names every variable at fault.
 */
export function readAuthConfig(environment: NodeJS.ProcessEnv): AuthConfig {
  const given = readEnvironment(environmentSchema, environment)
  return {
    address: { host: hostOf(given), port: given.AUTH_PORT, variable: 'AUTH_PORT' },
    databaseUrl: given.DATABASE_URL,
    serviceSecret: given.SERVICE_SECRET,
    tokens: { signingKey: given.JWT_SIGNING_KEY, issuer: given.JWT_ISSUER, audience: given.JWT_AUDIENCE },
    sessions: {
      accessTokenSeconds: given.JWT_ACCESS_TTL,
      idleSeconds: given.JWT_REFRESH_IDLE_TTL,
      absoluteSeconds: given.JWT_REFRESH_ABSOLUTE_TTL,
    },
    passwordMinLength: given.PASSWORD_MIN_LENGTH,
    logging: { level: given.LOG_LEVEL, format: logFormatOf(given) },
    shutdownGraceMs: given.SHUTDOWN_GRACE_MS,
  }
}
