import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AccessTokenVerifier } from '../../../platform/access-token.ts'
import { UnauthenticatedError } from '../../../platform/errors.ts'
import { RemoteKeySet } from '../../../platform/key-set.ts'
import { readAuthConfig } from '../config.ts'
import { openAuthDatabase } from '../database.ts'
import { ManualClock, type Tokens, testEnvironment } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { PrivateKeys } from './private-keys.ts'
import { rotateKeys } from './rotation.ts'

const LEAD_SECONDS = 600
const ACCESS_TOKEN_SECONDS = 600
const SKEW_SECONDS = 60
const JWKS_CACHE_SECONDS = 300
const STEP_SECONDS = 30

const clock = new ManualClock()
let auth: RunningAuth
beforeAll(async () => {
  auth = await startTestAuth(clock)
})
afterAll(() => auth?.[Symbol.asyncDispose]())

/** What the command does, in a process of its own. */
async function rotate(options: { immediately?: boolean } = {}) {
  const config = readAuthConfig(testEnvironment(auth.databaseUrl))
  const orm = await openAuthDatabase({ url: auth.databaseUrl, logger: pino({ level: 'silent' }) })
  try {
    return await rotateKeys(orm.em, {
      privateKeys: new PrivateKeys(config.tokens.signingKey),
      accessTokenSeconds: config.sessions.accessTokenSeconds,
      now: clock.now,
      ...options,
    })
  } finally {
    await orm.close(true)
  }
}

/** A verifier as chat and the gateway have one. */
function newVerifier(): AccessTokenVerifier {
  const keys = new RemoteKeySet(`${auth.url}/.well-known/jwks.json`, { now: clock.now })
  return new AccessTokenVerifier({ keys, issuer: 'parley', audience: 'parley', now: clock.now })
}

function keyIdOf(accessToken: string): string {
  return JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()).kid
}

async function publishedIds(): Promise<string[]> {
  const response = await auth.client.get('/.well-known/jwks.json')
  expect(response.headers.get('cache-control')).toBe('public, max-age=300')
  const { keys } = (await response.json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

async function renewed({ refreshToken }: Tokens): Promise<Tokens> {
  const { tokens, userErrors } = await auth.client.refresh(refreshToken)
  if (!tokens) throw new Error(`The refresh was refused: ${JSON.stringify(userErrors)}`)
  return tokens
}

describe('A rotation', () => {
  test('refuses nobody: what was signed before and after it verifies, here and in other services, until it expires', async () => {
    const verifier = newVerifier()
    let { tokens } = await auth.client.enter()
    const issued = [tokens]
    const { kid, replaced } = await rotate()
    for (let second = 0; second <= LEAD_SECONDS + ACCESS_TOKEN_SECONDS + SKEW_SECONDS; second += STEP_SECONDS) {
      const valid = issued.filter(({ expiresAt }) => new Date(expiresAt) > clock.now())
      for (const { accessToken } of new Set([...valid.slice(0, 1), ...valid.slice(-1)])) {
        await verifier.verify(accessToken)
        expect((await auth.client.me(accessToken)).data?.me).not.toBeNull()
      }
      clock.advance(STEP_SECONDS)
      tokens = await renewed(tokens)
      issued.push(tokens)
    }
    expect([...new Set(issued.map(({ accessToken }) => keyIdOf(accessToken)))]).toEqual([replaced[0]?.kid, kid])
    expect(await publishedIds()).toEqual([kid])
  })

  test('leaves refresh tokens as they are', async () => {
    const { tokens } = await auth.client.enter()
    const { kid } = await rotate()
    clock.advance(LEAD_SECONDS)
    expect(await publishedIds()).toContain(kid)
    expect(keyIdOf((await renewed(tokens)).accessToken)).toBe(kid)
  })

  test('at once refuses every access token within five minutes, and every session goes on by a refresh', async () => {
    const { tokens } = await auth.client.enter()
    const [watchful, idle] = [newVerifier(), newVerifier()]
    for (const verifier of [watchful, idle]) await verifier.verify(tokens.accessToken)
    const { kid } = await rotate({ immediately: true })
    clock.advance(1)
    expect(await publishedIds()).toEqual([kid])
    expect((await auth.client.me(tokens.accessToken)).errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
    ])

    const fresh = await renewed(tokens)
    expect(keyIdOf(fresh.accessToken)).toBe(kid)
    await watchful.verify(fresh.accessToken)
    await expect(watchful.verify(tokens.accessToken)).rejects.toThrow(UnauthenticatedError)
    expect((await auth.client.me(fresh.accessToken)).data?.me).not.toBeNull()

    await idle.verify(tokens.accessToken)
    clock.advance(JWKS_CACHE_SECONDS)
    await expect(idle.verify(tokens.accessToken)).rejects.toThrow(UnauthenticatedError)
    await idle.verify(fresh.accessToken)
  })
})
