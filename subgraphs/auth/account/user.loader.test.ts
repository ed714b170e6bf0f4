import { execute, parse } from 'graphql'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Viewer } from '../../../platform/access-token.ts'
import { decodeId, encodeId, newUuid } from '../../../platform/ids.ts'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { readAuthConfig } from '../config.ts'
import { type AuthContext, createAuthContext, type SharedParts } from '../context.ts'
import { openAuthDatabase } from '../database.ts'
import { PasswordHasher } from '../password/password-hasher.ts'
import { createAuthSchema } from '../schema.ts'
import { AccessTokenSigner } from '../session/access-token-signer.ts'
import { RefreshTokenCodec } from '../session/refresh-token.ts'
import { ManualClock, newPerson, testEnvironment } from '../testing/auth-client.ts'

const schema = createAuthSchema()
const statements: string[] = []
let database: { url: string } & AsyncDisposable
let orm: Awaited<ReturnType<typeof openAuthDatabase>>
let shared: SharedParts

beforeAll(async () => {
  database = await createTestDatabase()
  const write = (line: string) => statements.push(JSON.parse(line).msg)
  orm = await openAuthDatabase({ url: database.url, logger: pino({ level: 'debug' }, { write }) })
  orm.config.set('debug', ['query'])
  const config = readAuthConfig(testEnvironment(database.url))
  shared = {
    em: orm.em,
    passwords: new PasswordHasher(),
    passwordMinLength: config.passwordMinLength,
    sessions: {
      accessTokens: new AccessTokenSigner(config.tokens),
      onEnded: () => {},
      refreshTokens: new RefreshTokenCodec(config.tokens.signingKey),
      lifetimes: config.sessions,
      now: new ManualClock().now,
    },
  }
})

beforeEach(() => statements.splice(0))

afterAll(async () => {
  await orm?.close()
  await database?.[Symbol.asyncDispose]()
})

function contextOf(viewer: Viewer | null): AuthContext {
  return createAuthContext(shared, { viewer, requestId: 'test', address: null, userAgent: null })
}

function viewerOf(userId: string): Viewer {
  return { userId, sessionId: newUuid(), scope: new Set(), expiresAt: new Date() }
}

async function resolve(ids: unknown[], viewer: Viewer | null) {
  const document = parse(`query ($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on User { id username email roles } }
  }`)
  const representations = ids.map((id) => ({ __typename: 'User', id }))
  return execute({ schema, document, variableValues: { representations }, contextValue: contextOf(viewer) })
}

describe('References to users', () => {
  test('are resolved fifty at once with a single statement', async () => {
    const users = await Promise.all(Array.from({ length: 50 }, () => contextOf(null).accounts.signUp(newPerson())))
    statements.splice(0)
    const ids = users.map(({ id }) => encodeId('usr', id))
    const [first] = users
    const { data, errors } = await resolve([...ids, ids[0]], viewerOf(first?.id ?? ''))
    expect(errors).toBeUndefined()
    expect(statements).toHaveLength(1)
    const others = users.slice(1).map(({ id, username }) => ({
      id: encodeId('usr', id),
      username,
      email: null,
      roles: null,
    }))
    const themself = { id: ids[0], username: first?.username, email: first?.email, roles: ['MEMBER'] }
    expect(data).toEqual({ _entities: [themself, ...others, themself] })
  })

  test('are null where nobody is', async () => {
    const user = await contextOf(null).accounts.signUp(newPerson())
    const { data, errors } = await resolve([encodeId('usr', newUuid()), encodeId('usr', user.id)], viewerOf(newUuid()))
    expect(errors).toBeUndefined()
    expect(data).toMatchObject({ _entities: [null, { username: user.username }] })
  })

  test('fail alone when they are malformed', async () => {
    const user = await contextOf(null).accounts.signUp(newPerson())
    const { data, errors } = await resolve([encodeId('usr', user.id), 'nonsense', 7], viewerOf(newUuid()))
    expect(data).toMatchObject({ _entities: [{ username: user.username }, null, null] })
    expect(errors).toMatchObject([
      { path: ['_entities', 1], originalError: { code: 'BAD_USER_INPUT' } },
      { path: ['_entities', 2], originalError: { code: 'BAD_USER_INPUT' } },
    ])
  })

  test('of somebody who is not signed in are UNAUTHENTICATED, one by one', async () => {
    const user = await contextOf(null).accounts.signUp(newPerson())
    statements.splice(0)
    const { data, errors } = await resolve([encodeId('usr', user.id), encodeId('usr', newUuid())], null)
    expect(data).toEqual({ _entities: [null, null] })
    expect(errors).toMatchObject([
      { path: ['_entities', 0], originalError: { code: 'UNAUTHENTICATED' } },
      { path: ['_entities', 1], originalError: { code: 'UNAUTHENTICATED' } },
    ])
    expect(statements).toEqual([])
  })

  test('are read once for an operation, however often they occur', async () => {
    const { loaders, accounts } = contextOf(null)
    const user = await accounts.signUp(newPerson())
    statements.splice(0)
    const id = decodeId('usr', encodeId('usr', user.id))
    await Promise.all([loaders.users.load(id), loaders.users.load(id)])
    await loaders.users.load(id)
    expect(statements).toHaveLength(1)
  })
})
