import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { LONGEST_LIFE_SECONDS } from '../../platform/access-token.ts'
import {
  accessTokenVariables,
  databaseUrl,
  flag,
  hostOf,
  httpUrl,
  integer,
  logFormatOf,
  natsNeedsServiceSecret,
  natsUrl,
  port,
  processEnvironment,
  productionNeedsServiceSecret,
  readEnvironment,
  redisUrl,
  serviceSecret,
} from '../../platform/environment.ts'
import { readSigningKey } from './keys/signing-key.ts'
import { LONGEST_PASSWORD } from './password/password-rules.ts'

const DAY_SECONDS = 86_400

/** How long what a session consists of lives, in seconds. */
export interface SessionLifetimes {
  readonly accessTokenSeconds: number
  /** A session that was not refreshed for so long is over. */
  readonly idleSeconds: number
  /** A session is over so long after the sign-in, however often it was refreshed. */
  readonly absoluteSeconds: number
}

/** How mails are sent, and what they say. */
export interface MailConfig {
  /** Absent: nothing is sent; what would have been is on the development outbox page. */
  readonly smtpUrl: string | undefined
  readonly from: string
  /** Where the links in mails lead: the app's own address, without a slash at its end. */
  readonly publicUrl: string
  /** Whether mails that are not sent can be read at `/outbox`. */
  readonly showsOutbox: boolean
}

/** Everything that the auth process is told from outside. */
export interface AuthConfig {
  readonly address: { readonly host: string; readonly port: number; readonly variable: string }
  readonly databaseUrl: string
  /** Signs and checks calls between services; without it calls need no signature. */
  readonly serviceSecret: string | undefined
  readonly tokens: { readonly signingKey: KeyObject; readonly issuer: string; readonly audience: string }
  readonly sessions: SessionLifetimes
  readonly passwords: {
    readonly minLength: number
    /** Base URL of a range API like Have I Been Pwned's; absent: passwords are not looked up. */
    readonly breachesUrl: string | undefined
  }
  /** Whether an address must be verified before anybody can sign in with it. */
  readonly requireVerifiedEmail: boolean
  /** Made at the start unless the address has an account. */
  readonly firstAdmin: { readonly email: string; readonly password: string } | undefined
  readonly mail: MailConfig
  /** Absent: limits are counted by each process for itself. */
  readonly redisUrl: string | undefined
  /** Absent: other processes find out by looking. */
  readonly natsUrl: string | undefined
  /** Per minute: sign-ups of an address, failed sign-ins of an account. */
  readonly limits: { readonly signUpsPerMinute: number; readonly signInFailuresPerMinute: number }
  /** A signing key is replaced after so long; absent: only by hand. */
  readonly keyLifeSeconds: number | undefined
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
  .describe(
    'The root key: a P-256 private key as PKCS#8 PEM, or that PEM in base64. `npm start` keeps one in DATA_DIR.',
  )

/** What auth reads of the environment. */
export const authVariables = {
  ...processEnvironment,
  AUTH_PORT: port(4001).describe('Where auth listens; 0 takes any free port.'),
  DATABASE_URL: databaseUrl(),
  JWT_SIGNING_KEY: signingKey,
  ...accessTokenVariables,
  JWT_ACCESS_TTL: integer(600, { min: 1, max: LONGEST_LIFE_SECONDS }).describe(
    'How long an access token is good, in seconds.',
  ),
  JWT_REFRESH_IDLE_TTL: integer(14 * DAY_SECONDS, { min: 1 }).describe(
    'How long a session lasts that is not refreshed, in seconds.',
  ),
  JWT_REFRESH_ABSOLUTE_TTL: integer(90 * DAY_SECONDS, { min: 1 }).describe(
    'How long a session lasts at most, in seconds.',
  ),
  PASSWORD_MIN_LENGTH: integer(12, { min: 8, max: LONGEST_PASSWORD }).describe('Characters of a password at least.'),
  JWT_KEY_ROTATION_DAYS: integer(0).describe(
    'The signing key is replaced after so many days; 0: only by `npm run rotate-keys`.',
  ),
  PASSWORD_BREACHES_URL: httpUrl()
    .optional()
    .describe('A range API that knows breached passwords, such as https://api.pwnedpasswords.com.'),
  AUTH_REQUIRE_VERIFIED_EMAIL: flag(false).describe(
    'Whether an address must be verified before anybody signs in with it; needs SMTP_URL in production.',
  ),
  ADMIN_EMAIL: z
    .string()
    .optional()
    .describe(
      'The address of the first administrator, made at the start unless it has an account; needs ADMIN_PASSWORD.',
    ),
  ADMIN_PASSWORD: z.string().optional().describe('The first administrator’s password.'),
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'must be a URL such as smtp://user:password@host:587' })
    .optional()
    .describe(
      'Such as smtp://user:password@host:587. Without it nothing is sent: development shows it at auth’s /outbox.',
    ),
  MAIL_FROM: z.string().default('Parley <parley@localhost>').describe('Who sends mails.'),
  PUBLIC_URL: httpUrl()
    .default('http://127.0.0.1:4000')
    .describe('Your app’s address: mails lead to `/verify-email?token=…` and `/reset-password?token=…` below it.'),
  REDIS_URL: redisUrl(),
  NATS_URL: natsUrl(),
  RATE_LIMIT_SIGN_UP: integer(20, { min: 1 }).describe('Sign-ups of one address per minute.'),
  RATE_LIMIT_SIGN_IN_FAILURES: integer(10, { min: 1 }).describe(
    'Failed sign-ins of one account per minute; of one address six times that.',
  ),
  SERVICE_SECRET: serviceSecret(),
}

const environmentSchema = z
  .object(authVariables)
  .refine(...productionNeedsServiceSecret)
  .refine(...natsNeedsServiceSecret)
  .refine(({ ADMIN_EMAIL, ADMIN_PASSWORD }) => (ADMIN_EMAIL === undefined) === (ADMIN_PASSWORD === undefined), {
    path: ['ADMIN_PASSWORD'],
    error: 'and ADMIN_EMAIL make the first administrator together: set both or neither',
    when: () => true,
  })
  .refine((given) => given.NODE_ENV !== 'production' || !given.AUTH_REQUIRE_VERIFIED_EMAIL || given.SMTP_URL, {
    path: ['SMTP_URL'],
    error: 'is required in production with AUTH_REQUIRE_VERIFIED_EMAIL: without a mail nobody could sign in',
    when: () => true,
  })

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
    passwords: { minLength: given.PASSWORD_MIN_LENGTH, breachesUrl: given.PASSWORD_BREACHES_URL },
    requireVerifiedEmail: given.AUTH_REQUIRE_VERIFIED_EMAIL,
    firstAdmin: firstAdminOf(given),
    mail: {
      smtpUrl: given.SMTP_URL,
      from: given.MAIL_FROM,
      publicUrl: given.PUBLIC_URL.replace(/\/+$/, ''),
      showsOutbox: given.SMTP_URL === undefined && given.NODE_ENV !== 'production',
    },
    redisUrl: given.REDIS_URL,
    natsUrl: given.NATS_URL,
    limits: {
      signUpsPerMinute: given.RATE_LIMIT_SIGN_UP,
      signInFailuresPerMinute: given.RATE_LIMIT_SIGN_IN_FAILURES,
    },
    keyLifeSeconds: given.JWT_KEY_ROTATION_DAYS === 0 ? undefined : given.JWT_KEY_ROTATION_DAYS * DAY_SECONDS,
    logging: { level: given.LOG_LEVEL, format: logFormatOf(given) },
    shutdownGraceMs: given.SHUTDOWN_GRACE_MS,
  }
}

function firstAdminOf({ ADMIN_EMAIL, ADMIN_PASSWORD }: z.output<typeof environmentSchema>): AuthConfig['firstAdmin'] {
  return ADMIN_EMAIL !== undefined && ADMIN_PASSWORD !== undefined
    ? { email: ADMIN_EMAIL, password: ADMIN_PASSWORD }
    : undefined
}
