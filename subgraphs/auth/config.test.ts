import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../platform/environment.ts'
import { readAuthConfig } from './config.ts'
import { testEnvironment } from './testing/auth-client.ts'

const complete = testEnvironment('postgres://parley@localhost:5432/parley')

describe('The configuration of auth', () => {
  test('has the documented defaults', () => {
    const { DATABASE_URL, JWT_SIGNING_KEY } = complete
    const config = readAuthConfig({ DATABASE_URL, JWT_SIGNING_KEY })
    expect(config).toMatchObject({
      address: { host: '127.0.0.1', port: 4001, variable: 'AUTH_PORT' },
      tokens: { issuer: 'parley', audience: 'parley' },
      sessions: { accessTokenSeconds: 600, idleSeconds: 1_209_600, absoluteSeconds: 7_776_000 },
      passwords: { minLength: 12, breachesUrl: undefined },
      requireVerifiedEmail: false,
      firstAdmin: undefined,
      mail: { smtpUrl: undefined, publicUrl: 'http://127.0.0.1:4000', showsOutbox: true },
      redisUrl: undefined,
      natsUrl: undefined,
      limits: { signUpsPerMinute: 20, signInFailuresPerMinute: 10 },
      keyLifeSeconds: undefined,
      serviceSecret: undefined,
      logging: { level: 'info', format: 'pretty' },
    })
  })

  test('takes the signing key as PEM or as its base64', () => {
    const pem = complete.JWT_SIGNING_KEY ?? ''
    const fromPem = readAuthConfig(complete).tokens.signingKey
    const fromBase64 = readAuthConfig({ ...complete, JWT_SIGNING_KEY: Buffer.from(pem).toString('base64') })
    expect(fromBase64.tokens.signingKey.equals(fromPem)).toBe(true)
  })

  test.each([
    ['DATABASE_URL', undefined],
    ['DATABASE_URL', 'mysql://localhost/parley'],
    ['JWT_SIGNING_KEY', undefined],
    ['JWT_SIGNING_KEY', 'not a key'],
    ['JWT_SIGNING_KEY', pemOf('secp384r1')],
    ['AUTH_PORT', '65536'],
    ['JWT_ACCESS_TTL', 'ten minutes'],
    ['JWT_REFRESH_IDLE_TTL', '0'],
    ['JWT_REFRESH_ABSOLUTE_TTL', '-1'],
    ['PASSWORD_MIN_LENGTH', '7'],
    ['NODE_ENV', 'staging'],
    ['AUTH_REQUIRE_VERIFIED_EMAIL', 'yes'],
    ['ADMIN_PASSWORD', 'a password without an address'],
    ['SMTP_URL', 'mail.example.org:587'],
    ['PUBLIC_URL', 'example.org'],
    ['REDIS_URL', 'http://localhost:6379'],
    ['NATS_URL', 'localhost:4222'],
    ['RATE_LIMIT_SIGN_UP', '0'],
    ['JWT_KEY_ROTATION_DAYS', 'monthly'],
  ])('names %s when it is %j', (variable, value) => {
    expect(() => readAuthConfig({ ...complete, [variable]: value })).toThrow(ConfigurationError)
    expect(() => readAuthConfig({ ...complete, [variable]: value })).toThrow(`\n  ${variable}: `)
  })

  test('names everything that is missing in production at once', () => {
    const complaint = (variable: string) =>
      expect.objectContaining({ message: expect.stringContaining(`${variable}: is`) })
    for (const variable of ['DATABASE_URL', 'JWT_SIGNING_KEY', 'SERVICE_SECRET']) {
      expect(() => readAuthConfig({ NODE_ENV: 'production' })).toThrow(complaint(variable))
    }
  })

  test('shows no outbox where mails are sent, and in production never', () => {
    const smtp = { SMTP_URL: 'smtp://localhost' }
    const production = { NODE_ENV: 'production' }
    const showsOutbox = (given: object) => readAuthConfig({ ...complete, ...given }).mail.showsOutbox
    expect([{}, smtp, production, { ...smtp, ...production }].map(showsOutbox)).toEqual([true, false, false, false])
  })

  test('wants mail in production where addresses must be verified', () => {
    const given = { ...complete, NODE_ENV: 'production', AUTH_REQUIRE_VERIFIED_EMAIL: 'true' }
    expect(() => readAuthConfig(given)).toThrow('SMTP_URL: is required')
  })

  test('never repeats a secret in a complaint', () => {
    const bad = { ...complete, JWT_SIGNING_KEY: 'hunter2', DATABASE_URL: 'http://u:hunter2@h/d', AUTH_PORT: 'x' }
    expect(() => readAuthConfig(bad)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    )
  })
})

function pemOf(namedCurve: string): string {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
