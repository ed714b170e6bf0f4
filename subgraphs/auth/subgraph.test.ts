import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AccessTokenVerifier } from '../../platform/access-token.ts'
import { ConfigurationError } from '../../platform/environment.ts'
import { encodeId, newUuid } from '../../platform/ids.ts'
import { RemoteKeySet } from '../../platform/key-set.ts'
import { ServiceSigner, SIGNATURE_HEADER } from '../../platform/service-signature.ts'
import type { RunningServer } from '../../platform/subgraph/server.ts'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { readAuthConfig } from './config.ts'
import { openAuthDatabase } from './database.ts'
import { startAuth } from './subgraph.ts'
import { AuthClient, ManualClock, testEnvironment } from './testing/auth-client.ts'

const clock = new ManualClock()
let database: { url: string } & AsyncDisposable
let auth: RunningServer
let client: AuthClient

beforeAll(async () => {
  database = await createTestDatabase()
  auth = await startAuth(readAuthConfig(testEnvironment(database.url)), { now: clock.now })
  client = new AuthClient(auth.url, clock)
})

afterAll(async () => {
  await auth?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

describe('The auth subgraph', () => {
  test('comes up twice at once on an empty database, and both answer for the same people', async () => {
    const empty = await createTestDatabase()
    const config = readAuthConfig(testEnvironment(empty.url))
    const both = await Promise.all([startAuth(config, { now: clock.now }), startAuth(config, { now: clock.now })])
    try {
      const [first, second] = both.map(({ url }) => new AuthClient(url, clock))
      const entered = await first?.enter()
      expect((await second?.me(entered?.tokens.accessToken))?.data?.me).toEqual(entered?.user)
    } finally {
      await Promise.all(both.map((started) => started[Symbol.asyncDispose]()))
      await empty[Symbol.asyncDispose]()
    }
  })

  test('says which variable to change when its port is taken', async () => {
    const config = readAuthConfig({ ...testEnvironment(database.url), AUTH_PORT: String(auth.port) })
    await expect(startAuth(config)).rejects.toThrow(ConfigurationError)
    await expect(startAuth(config)).rejects.toThrow('AUTH_PORT')
  })

  test('is alive and ready', async () => {
    expect((await client.get('/health')).status).toBe(200)
    expect((await client.get('/ready')).status).toBe(200)
  })

  test('is not ready when its database is gone', async () => {
    const doomed = await createTestDatabase()
    const started = await startAuth(readAuthConfig(testEnvironment(doomed.url)), { now: clock.now })
    try {
      await doomed[Symbol.asyncDispose]()
      expect((await new AuthClient(started.url, clock).get('/ready')).status).toBe(503)
    } finally {
      await started[Symbol.asyncDispose]()
    }
  })

  test('has migrated its schema to exactly what its entities say', async () => {
    const orm = await openAuthDatabase({ url: database.url, logger: pino({ level: 'silent' }) })
    try {
      expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe('')
    } finally {
      await orm.close()
    }
  })
})

describe('Calls that no service signed', () => {
  test.each(['/graphql', '/internal/users'])('are refused at %s', async (path) => {
    const body = JSON.stringify({ query: '{ me { id } }', ids: [] })
    const forged = new ServiceSigner('another secret', clock.now).sign(path, body, {})
    for (const headers of [{}, { [SIGNATURE_HEADER]: forged }, { [SIGNATURE_HEADER]: 'nonsense' }]) {
      const response = await client.postUnsigned(path, body, headers)
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    }
  })
})

describe('The published key set', () => {
  test('is open, may be cached for five minutes, and holds no private part', async () => {
    const response = await client.get('/.well-known/jwks.json')
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    const { keys } = (await response.json()) as { keys: Record<string, string>[] }
    const { x, y } = keys[0] ?? {}
    const thumbprint = createHash('sha256').update(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`)
    expect(keys).toEqual([
      { kty: 'EC', crv: 'P-256', x, y, use: 'sig', alg: 'ES256', kid: thumbprint.digest('base64url') },
    ])
  })

  test('lets another service verify our access tokens', async () => {
    const { user, tokens } = await client.enter()
    const keys = new RemoteKeySet(`${auth.url}/.well-known/jwks.json`)
    const verifier = new AccessTokenVerifier({ keys, issuer: 'parley', audience: 'parley', now: clock.now })
    const viewer = await verifier.verify(tokens.accessToken)
    expect(encodeId('usr', viewer.userId)).toBe(user.id)
    expect(viewer.scope).toEqual(new Set(['assistant:use']))
  })
})

describe('POST /internal/users', () => {
  test('tells what others may know of those who exist', async () => {
    const { user } = await client.enter()
    const response = await client.post('/internal/users', { ids: [user.id, encodeId('usr', newUuid())] })
    expect(response.status).toBe(200)
    const { id, username, displayName } = user
    expect(await response.json()).toEqual({ users: [{ id, username, displayName }] })
  })

  test.each([
    ['no ids', {}],
    ['ids that are not a list', { ids: 'usr_01h455vb4pex5vsknk084sn02q' }],
    ['ids that are not texts', { ids: [7] }],
    ['an id of something else', { ids: ['ses_01h455vb4pex5vsknk084sn02q'] }],
    ['101 ids', { ids: Array(101).fill('usr_01h455vb4pex5vsknk084sn02q') }],
    ['null', null],
  ])('answers 400 to %s', async (_title, body) => {
    const response = await client.post('/internal/users', body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
  })
})
