import { generateKeyPairSync } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { enterAs, type Person } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const INTROSPECT = `query ($token: String!) {
  introspectToken(token: $token) { active userId sessionId scope expiresAt }
}`
const INACTIVE = { active: false, userId: null, sessionId: null, scope: null, expiresAt: null }
const DAY = 86_400

const clock = new ManualClock()
let auth: RunningAuth
let client: RunningAuth['client']

beforeAll(async () => {
  auth = await startTestAuth(clock)
  client = auth.client
})

afterAll(() => auth?.[Symbol.asyncDispose]())

async function introspect(token: string, viewer: Person) {
  const { data, errors } = await client.query<{ introspectToken: object }>(
    INTROSPECT,
    { token },
    viewer.tokens.accessToken,
  )
  expect(errors).toBeUndefined()
  return data?.introspectToken
}

const claimsOf = (token: string): Record<string, unknown> => jsonwebtoken.decode(token) as Record<string, unknown>

async function sessionRow(person: Person) {
  const { rows } = await auth.sql.query('SELECT * FROM auth.session WHERE user_id = $1 ORDER BY id', [
    decodeId('usr', person.user.id),
  ])
  return rows[0]
}

const setRoles = (person: Person, roles: string[], admin: Person) =>
  client.query(
    'mutation ($input: SetUserRolesInput!) { setUserRoles(input: $input) { user { id } } }',
    { input: { userId: person.user.id, roles } },
    admin.tokens.accessToken,
  )

describe('introspectToken', () => {
  test('tells what one’s own access token is good for', async () => {
    const person = await client.enter()
    const { accessToken, expiresAt } = person.tokens
    expect(await introspect(accessToken, person)).toEqual({
      active: true,
      userId: person.user.id,
      sessionId: claimsOf(accessToken).sid,
      scope: 'assistant:use',
      expiresAt,
    })
  })

  test('tells what one’s own refresh token is good for', async () => {
    const person = await client.enter()
    expect(await introspect(person.tokens.refreshToken, person)).toEqual({
      active: true,
      userId: person.user.id,
      sessionId: claimsOf(person.tokens.accessToken).sid,
      scope: 'assistant:use',
      expiresAt: new Date(clock.now().getTime() + 14 * DAY * 1000).toISOString(),
    })
  })

  test('tells holders of TOKENS_INTROSPECT of everybody’s tokens, and nobody else', async () => {
    const [person, moderator, admin] = [
      await client.enter(),
      await enterAs(auth, 'MODERATOR'),
      await enterAs(auth, 'ADMIN'),
    ]
    for (const token of [person.tokens.accessToken, person.tokens.refreshToken]) {
      expect(await introspect(token, admin)).toMatchObject({ active: true, userId: person.user.id })
      expect(await introspect(token, moderator)).toEqual(INACTIVE)
    }
  })

  test('of a refresh token that was replaced says inactive, and counts as no use of it', async () => {
    const person = await client.enter()
    const first = person.tokens.refreshToken
    const second = (await client.refresh(first)).tokens?.refreshToken ?? ''
    clock.advance(60)
    const before = await sessionRow(person)
    for (let time = 0; time < 3; time += 1) {
      expect(await introspect(first, person)).toEqual(INACTIVE)
      expect(await introspect(second, person)).toMatchObject({ active: true })
    }
    expect(await sessionRow(person)).toEqual(before)
    expect((await client.refresh(second)).userErrors).toEqual([])
  })

  test('says inactive of forged and malformed tokens', async () => {
    const person = await client.enter()
    const { accessToken, refreshToken } = person.tokens
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { kid } = JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString())
    const header = { alg: 'ES256', typ: 'at+jwt', kid } as const
    const forged = jsonwebtoken.sign(claimsOf(accessToken), privateKey, { algorithm: 'ES256', header })
    const [session, , mac] = refreshToken.split('.')
    const tokens = [
      forged,
      `${session}.2.${mac}`,
      `${session}.1.${'A'.repeat(43)}`,
      `ses_01h455vb4pex5vsknk084sn02q.1.${mac}`,
      `Bearer ${accessToken}`,
      `${refreshToken}\0`,
      '',
      'a.b.c',
      'nonsense',
      '\ud800',
      'x'.repeat(100_000),
    ]
    for (const token of tokens) expect(await introspect(token, person), token.slice(0, 80)).toEqual(INACTIVE)
    expect(await introspect(refreshToken, person)).toMatchObject({ active: true })
  })

  test('says inactive once the token has expired', async () => {
    const admin = await enterAs(auth, 'ADMIN')
    const person = await client.enter()
    clock.advance(600)
    const again = { user: admin.user, tokens: (await client.refresh(admin.tokens.refreshToken)).tokens ?? admin.tokens }
    expect(await introspect(person.tokens.accessToken, again)).toEqual(INACTIVE)
    expect(await introspect(person.tokens.refreshToken, again)).toMatchObject({ active: true })
    clock.advance(14 * DAY - 600)
    const later = await enterAs(auth, 'ADMIN')
    expect(await introspect(person.tokens.refreshToken, later)).toEqual(INACTIVE)
  })

  test('says inactive once the session has ended, or its user is suspended', async () => {
    const admin = await enterAs(auth, 'ADMIN')
    const [gone, away] = [await client.enter(), await client.enter()]
    await client.signOut(gone.tokens.accessToken)
    await auth.sql.query('UPDATE auth.user SET suspended_at = now() WHERE username = $1', [away.user.username])
    for (const { tokens } of [gone, away]) {
      expect(await introspect(tokens.accessToken, admin)).toEqual(INACTIVE)
      expect(await introspect(tokens.refreshToken, admin)).toEqual(INACTIVE)
    }
  })

  test('says inactive of access tokens from before a change of roles, and shows the new scope of the refresh token', async () => {
    const [person, admin] = [await client.enter(), await enterAs(auth, 'ADMIN')]
    await setRoles(person, ['MODERATOR'], admin)
    expect(await introspect(person.tokens.accessToken, admin)).toEqual(INACTIVE)
    expect(await introspect(person.tokens.refreshToken, admin)).toMatchObject({
      active: true,
      scope: 'assistant:use conversations:moderate messages:moderate',
    })
  })

  test('is UNAUTHENTICATED to somebody who is not signed in', async () => {
    const { tokens } = await client.enter()
    const { data, errors } = await client.query(INTROSPECT, { token: tokens.accessToken })
    expect(data).toEqual({ introspectToken: null })
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})
