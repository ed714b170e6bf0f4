import { createHmac, sign as cryptoSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, it } from 'vitest'
import { ACCESS_TOKEN_TYPE, AccessTokenVerifier } from './access-token.ts'
import { UnauthenticatedError } from './errors.ts'
import { encodeId, newUuid } from './ids.ts'
import type { KeySet } from './key-set.ts'

const NOW = new Date('2030-01-01T00:00:00Z')
const SECONDS = NOW.getTime() / 1000
const USER = newUuid()
const SESSION = newUuid()

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys: KeySet = {
  find: async (kid) => (kid === 'ours' ? ours.publicKey : undefined),
  ready: async () => {},
}

const verifier = new AccessTokenVerifier({ keys, issuer: 'parley', audience: 'parley', now: () => NOW })

const HEADER = { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid: 'ours' }
const CLAIMS = {
  iss: 'parley',
  aud: 'parley',
  sub: encodeId('usr', USER),
  sid: encodeId('ses', SESSION),
  scope: 'assistant:use users:read',
  iat: SECONDS - 60,
  exp: SECONDS + 540,
}

/** A token with these deviations from a good one; undefined leaves a member out. */
function token(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key = ours.privateKey,
): string {
  return sign({ ...HEADER, ...header }, { ...CLAIMS, ...claims }, key)
}

/** By hand, because a library would refuse to make most of what must be refused. */
function sign(header: object, claims: object, key: KeyObject): string {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const { alg } = header as { alg?: string }
  const signature =
    alg === 'HS256'
      ? createHmac('sha256', key.export({ type: 'pkcs8', format: 'pem' }))
          .update(signed)
          .digest('base64url')
      : es256(signed, key)
  return `${signed}.${alg === 'none' ? '' : signature}`
}

function es256(signed: string, key: KeyObject): string {
  // RFC 7518 §3.4 wants the two numbers side by side, which is what this encoding is.
  return cryptoSign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

describe('an access token', () => {
  it('proves who its bearer is', async () => {
    expect(await verifier.verify(token())).toEqual({
      userId: USER,
      sessionId: SESSION,
      tokenVersion: 0,
      scope: new Set(['assistant:use', 'users:read']),
      expiresAt: new Date(NOW.getTime() + 540_000),
    })
  })

  it('as the well-known library signs it is as good', async () => {
    const signed = jsonwebtoken.sign(CLAIMS, ours.privateKey, { algorithm: 'ES256', header: HEADER })
    expect((await verifier.verify(signed)).userId).toBe(USER)
  })

  it.each<[what: string, deviations: Parameters<typeof token>]>([
    ['expires in this very second', [{ exp: SECONDS }]],
    ['never expires', [{ exp: undefined }]],
    ['says when it expires in words', [{ exp: 'tomorrow' }]],
    ['is not good yet', [{ nbf: SECONDS + 1 }]],
    ['was issued in the future', [{ iat: SECONDS + 61 }]],
    ['does not say when it was issued', [{ iat: undefined }]],
    ['is of another issuer', [{ iss: 'somebody' }]],
    ['is of no issuer', [{ iss: undefined }]],
    ['is for another audience', [{ aud: 'somebody' }]],
    ['is for nobody', [{ aud: undefined }]],
    ['names no user', [{ sub: undefined }]],
    ['names something else as its user', [{ sub: encodeId('cnv', USER) }]],
    ['names its user by a bare UUID', [{ sub: USER }]],
    ['names no session', [{ sid: undefined }]],
    ['names something else as its session', [{ sid: encodeId('usr', SESSION) }]],
    ['has a scope that is no text', [{ scope: ['assistant:use'] }]],
    ['was made for another purpose', [{}, { typ: 'JWT' }]],
    ['does not say for what it was made', [{}, { typ: undefined }]],
    ['does not say with which key it was signed', [{}, { kid: undefined }]],
    ['was signed with an unknown key', [{}, { kid: 'theirs' }]],
    ['was signed by somebody else under our key id', [{}, {}, theirs.privateKey]],
    ['was not signed', [{}, { alg: 'none' }]],
    ['was signed with another algorithm', [{}, { alg: 'HS256' }]],
    ['wants an extension understood that nobody knows', [{}, { crit: ['b64'], b64: false }]],
    ['has an empty list of such extensions', [{}, { crit: [] }]],
  ])('proves nothing when it %s', async (_what, deviations) => {
    await expect(verifier.verify(token(...deviations))).rejects.toThrow(UnauthenticatedError)
  })

  it('may come from a clock that is a little ahead', async () => {
    expect((await verifier.verify(token({ iat: SECONDS + 60 }))).userId).toBe(USER)
  })

  it('without a scope allows nothing in particular', async () => {
    expect((await verifier.verify(token({ scope: undefined }))).scope).toEqual(new Set())
  })

  it('proves nothing when one character of it was changed, wherever', async () => {
    const good = token()
    for (let index = 0; index < good.length - 1; index += 7) {
      const other = good[index] === 'A' ? 'B' : 'A'
      const changed = good.slice(0, index) + other + good.slice(index + 1)
      await expect(verifier.verify(changed), `character ${index}`).rejects.toThrow(UnauthenticatedError)
    }
  })
})

describe('an Authorization header', () => {
  it('that is absent proves nobody, and that is fine', async () => {
    expect(await verifier.viewerFrom(undefined)).toBeNull()
  })

  it.each(['Bearer', 'bearer', 'BEARER'])('names its scheme %s in any case', async (scheme) => {
    expect((await verifier.viewerFrom(`${scheme} ${token()}`))?.userId).toBe(USER)
  })

  it.each<[what: string, headerOf: (good: string) => string]>([
    ['is empty', () => ''],
    ['has a scheme alone', () => 'Bearer '],
    ['has another scheme', (good) => `Basic ${good}`],
    ['has a token alone', (good) => good],
    ['has two tokens', (good) => `Bearer ${good} ${good}`],
    ['has two spaces', (good) => `Bearer  ${good}`],
    ['is no JWT', () => 'Bearer a.b'],
  ])('that %s is refused, always in the same words', async (_what, headerOf) => {
    await expect(verifier.viewerFrom(headerOf(token()))).rejects.toThrow(
      'Sign in first: the access token is missing, malformed, expired or revoked.',
    )
  })

  it('cannot be told to be good while the keys cannot be had', async () => {
    const away = new Error('auth is away')
    const unknowing = new AccessTokenVerifier({
      keys: { find: () => Promise.reject(away), ready: async () => {} },
      issuer: 'parley',
      audience: 'parley',
      now: () => NOW,
    })
    await expect(unknowing.viewerFrom(`Bearer ${token()}`)).rejects.toBe(away)
  })
})
