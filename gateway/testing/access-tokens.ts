import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import jsonwebtoken from 'jsonwebtoken'
import { ACCESS_TOKEN_TYPE } from '../../platform/access-token.ts'
import { encodeId, newUuid } from '../../platform/ids.ts'

const KEY_ID = 'test-key'

/** What a token says. The ids are UUIDs; without them it is of a new session of a new user. */
export interface TokenOptions {
  readonly issuedAt: Date
  readonly expiresInSeconds: number
  readonly userId?: string
  readonly sessionId?: string
  readonly tokenVersion?: number
  /** Separated by spaces; by default there are none. */
  readonly scope?: string
}

/** Publishes a key and revocations, as auth does, and signs access tokens with the key. */
export interface TokenIssuer extends AsyncDisposable {
  /** What a gateway needs to trust this issuer. */
  readonly environment: { JWKS_URL: string; JWT_ISSUER: string; JWT_AUDIENCE: string }
  /** What a gateway asks for revocations, as its AUTH_URL. */
  readonly origin: string
  token(options: TokenOptions): string
  /** Signed by somebody else, under the same key id. */
  forgedToken(issuedAt: Date): string
  /** Refuses a user's tokens below this version from now on. */
  revoke(userId: string, tokenVersion: number): void
  /** Set to have requests for the key wait. */
  hold: Promise<void> | undefined
}

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'ES256' }
  const revocations: object[] = []
  const server = createServer(async ({ url }, response) => {
    const isForKey = url?.startsWith('/.well-known/')
    if (isForKey) await issuer.hold
    response.end(JSON.stringify(isForKey ? { keys: [jwk] } : { revocations, hasMore: false }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer: TokenIssuer = {
    environment: {
      JWKS_URL: `${origin}/.well-known/jwks.json`,
      JWT_ISSUER: 'test-issuer',
      JWT_AUDIENCE: 'test-audience',
    },
    origin,
    token: (options) => sign(privateKey, options),
    forgedToken: (issuedAt) =>
      sign(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, { issuedAt, expiresInSeconds: 600 }),
    revoke(userId, tokenVersion) {
      const [revokedAt, forgetAt] = ['2030-01-01T00:00:00Z', '2031-01-01T00:00:00Z']
      revocations.push({ id: randomUUID(), revokedAt, forgetAt, revoked: { userId, tokenVersion } })
    },
    hold: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
  return issuer
}

function sign(key: KeyObject, options: TokenOptions): string {
  const { issuedAt, expiresInSeconds, userId = newUuid(), sessionId = newUuid(), tokenVersion, scope = '' } = options
  const iat = Math.floor(issuedAt.getTime() / 1000)
  const claims = {
    sid: encodeId('ses', sessionId),
    ver: tokenVersion ?? 0,
    scope,
    iat,
    exp: iat + expiresInSeconds,
  }
  return jsonwebtoken.sign(claims, key, {
    algorithm: 'ES256',
    keyid: KEY_ID,
    header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE },
    issuer: 'test-issuer',
    audience: 'test-audience',
    subject: encodeId('usr', userId),
  })
}
