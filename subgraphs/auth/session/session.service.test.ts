import { generateKeyPairSync } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { readAuthConfig } from '../config.ts'
import { startAuth } from '../subgraph.ts'
import { AuthClient, ManualClock, newPerson, testEnvironment } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const DAY = 86_400
const clock = new ManualClock()
let auth: RunningAuth
let client: RunningAuth['client']
let sql: RunningAuth['sql']

beforeAll(async () => {
  auth = await startTestAuth(clock)
  ;({ client, sql } = auth)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

async function sessionRow(refreshToken: string) {
  const [id = ''] = refreshToken.split('.')
  const { rows } = await sql.query('SELECT * FROM auth.session WHERE id = $1', [decodeId('ses', id)])
  return rows[0]
}

/** The session's next refresh token; fails when the refresh is refused. */
async function refreshed(refreshToken: string): Promise<string> {
  const { tokens, userErrors } = await client.refresh(refreshToken)
  if (!tokens) throw new Error(`The refresh was refused: ${JSON.stringify(userErrors)}`)
  return tokens.refreshToken
}

const refusal = (code: string) => ({
  tokens: null,
  userErrors: [{ code, message: expect.any(String), path: ['input', 'refreshToken'] }],
})

describe('The access token', () => {
  test('carries the documented header and claims, for ten minutes', async () => {
    const { user, tokens } = await client.enter()
    const { header, payload } = jsonwebtoken.decode(tokens.accessToken, { complete: true }) ?? {}
    const { keys } = (await (await client.get('/.well-known/jwks.json')).json()) as { keys: { kid: string }[] }
    const iat = Math.floor(clock.now().getTime() / 1000)
    expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: keys[0]?.kid })
    expect(payload).toEqual({
      iss: 'parley',
      aud: 'parley',
      sub: user.id,
      sid: tokens.refreshToken.split('.')[0],
      ver: 0,
      scope: 'assistant:use',
      iat,
      exp: iat + 600,
      jti: expect.any(String),
    })
    expect(tokens.expiresAt).toBe(new Date((iat + 600) * 1000).toISOString())
  })

  test('is refused once it has expired, or when it is forged', async () => {
    const { tokens } = await client.enter()
    const [head, body, signature = ''] = tokens.accessToken.split('.')
    const forged = [head, body, signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`].join(
      '.',
    )
    clock.advance(599)
    expect((await client.me(tokens.accessToken)).data?.me).not.toBeNull()
    clock.advance(1)
    for (const token of [tokens.accessToken, forged, 'nonsense', tokens.refreshToken]) {
      expect((await client.me(token)).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    }
  })

  test('never outlives its session', async () => {
    const { tokens } = await client.enter()
    let { refreshToken } = tokens
    for (let day = 10; day < 90; day += 10) {
      clock.advance(10 * DAY)
      refreshToken = await refreshed(refreshToken)
    }
    clock.advance(10 * DAY - 60)
    const last = await client.refresh(refreshToken)
    expect(Date.parse(last.tokens?.expiresAt ?? '')).toBe(clock.now().getTime() + 60_000)
  })
})

describe('A session', () => {
  test('keeps the address and the browser it was opened from, and no token', async () => {
    const input = newPerson()
    await client.signUp(input)
    const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { refreshToken } } }'
    const variables = { input: { login: input.username, password: input.password } }
    const headers = { 'x-forwarded-for': '203.0.113.7', 'x-client-user-agent': 'Browser/1.0' }
    const response = await client.post('/graphql', { query, variables }, headers)
    const { data } = (await response.json()) as { data: { signIn: { tokens: { refreshToken: string } } } }
    const { refreshToken } = data.signIn.tokens
    const row = await sessionRow(refreshToken)
    expect(row).toMatchObject({ address: '203.0.113.7', user_agent: 'Browser/1.0', generation: 1 })
    expect(JSON.stringify(row)).not.toContain(refreshToken.split('.')[2])
  })
})

describe('Refreshing', () => {
  test('gives new tokens for the same user, which work and can be refreshed in turn', async () => {
    const { user, tokens } = await client.enter()
    const second = await client.refresh(tokens.refreshToken)
    expect(second.userErrors).toEqual([])
    expect(second.tokens?.refreshToken).not.toBe(tokens.refreshToken)
    expect((await client.me(second.tokens?.accessToken)).data?.me).toEqual(user)
    await refreshed(second.tokens?.refreshToken ?? '')
    expect(await sessionRow(tokens.refreshToken)).toMatchObject({ generation: 3, ended_at: null })
  })

  test('twenty times at once advances one generation and gives twenty times the same successor', async () => {
    const { tokens } = await client.enter()
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.refresh(tokens.refreshToken)))
    expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual([])
    const successors = new Set(answers.map((answer) => answer.tokens?.refreshToken))
    const accessTokens = new Set(answers.map((answer) => answer.tokens?.accessToken))
    expect([successors.size, accessTokens.size]).toEqual([1, 20])
    expect(await sessionRow(tokens.refreshToken)).toMatchObject({ generation: 2, ended_at: null })
    const [successor = ''] = successors
    await refreshed(successor)
  })

  test('gives the same successor for ten seconds from the first use, however often it is asked', async () => {
    const { tokens } = await client.enter()
    const successor = await refreshed(tokens.refreshToken)
    clock.advance(6)
    expect(await refreshed(tokens.refreshToken)).toBe(successor)
    clock.advance(4)
    expect(await refreshed(tokens.refreshToken)).toBe(successor)
    clock.advance(0.001)
    expect(await client.refresh(tokens.refreshToken)).toEqual(refusal('SESSION_ENDED'))
  })

  test('with a token that was replaced more than ten seconds ago ends the session for both holders', async () => {
    const { tokens } = await client.enter()
    const successor = await refreshed(tokens.refreshToken)
    clock.advance(11)
    expect(await client.refresh(tokens.refreshToken)).toEqual(refusal('SESSION_ENDED'))
    expect(await client.refresh(successor)).toEqual(refusal('SESSION_ENDED'))
    expect(await sessionRow(successor)).toMatchObject({ end_reason: 'REFRESH_TOKEN_REUSED', generation: 2 })
    expect((await client.me(tokens.accessToken)).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })

  test('with a token two generations old ends the session, also within ten seconds', async () => {
    const { tokens } = await client.enter()
    const third = await refreshed(await refreshed(tokens.refreshToken))
    expect(await client.refresh(tokens.refreshToken)).toEqual(refusal('SESSION_ENDED'))
    expect(await client.refresh(third)).toEqual(refusal('SESSION_ENDED'))
  })

  test('ten times within one second leaves one good token: any older one ends the session, and that is written down', async () => {
    const { user, tokens } = await client.enter()
    const issued = [tokens.refreshToken]
    for (let rotation = 0; rotation < 10; rotation += 1) issued.push(await refreshed(issued.at(-1) ?? ''))
    expect(new Set(issued).size).toBe(11)
    expect(await client.refresh(issued[8] ?? '')).toEqual(refusal('SESSION_ENDED'))
    expect(await client.refresh(issued[10] ?? '')).toEqual(refusal('SESSION_ENDED'))
    const { rows } = await sql.query('SELECT action FROM auth.audit_event WHERE subject_id = $1 ORDER BY id', [
      decodeId('usr', user.id),
    ])
    expect(rows.map(({ action }) => action)).toEqual(['user.signed_up', 'session.opened', 'session.token_reused'])
  })

  test('again after the answer was lost gives the same successor, which goes on', async () => {
    const { tokens } = await client.enter()
    const lost = await refreshed(tokens.refreshToken)
    clock.advance(9)
    const again = await refreshed(tokens.refreshToken)
    expect(again).toBe(lost)
    expect(await refreshed(again)).not.toBe(again)
  })

  test('leaves the other sessions of the same user alone', async () => {
    const person = newPerson()
    const { tokens } = await client.signUp(person)
    const other = await client.signIn(person.username, person.password)
    const stolen = tokens?.refreshToken ?? ''
    await refreshed(await refreshed(stolen))
    expect(await client.refresh(stolen)).toEqual(refusal('SESSION_ENDED'))
    await refreshed(other.tokens?.refreshToken ?? '')
  })

  test('with a token that is not ours is INVALID_TOKEN and changes nothing', async () => {
    const { tokens } = await client.enter()
    const other = await client.enter()
    const token = await refreshed(tokens.refreshToken)
    const [id, generation, mac = ''] = token.split('.')
    const before = await sessionRow(token)
    const forgeries = [
      '',
      'nonsense',
      `${token} `,
      `${token}\u0000`,
      tokens.accessToken,
      `${id}.${generation}.${'A'.repeat(43)}`,
      `${id}.${generation}.${mac.slice(1)}${mac[0]}`,
      `${id}.1.${mac}`,
      `${id}.3.${mac}`,
      `${id}.0.${mac}`,
      `${id}.02.${mac}`,
      `${id}.999999999999.${mac}`,
      `${other.tokens.refreshToken.split('.')[0]}.${generation}.${mac}`,
      `ses_7zzzzzzzzzzzzzzzzzzzzzzzzz.${generation}.${mac}`,
      `ses_zzzzzzzzzzzzzzzzzzzzzzzzzz.${generation}.${mac}`,
    ]
    for (const forgery of forgeries) expect(await client.refresh(forgery)).toEqual(refusal('INVALID_TOKEN'))
    expect(await sessionRow(token)).toEqual(before)
    await refreshed(token)
  })

  test('keeps a session alive that is refreshed every thirteen days, until its ninety days are over', async () => {
    let { refreshToken } = (await client.enter()).tokens
    for (let day = 13; day < 90; day += 13) {
      clock.advance(13 * DAY)
      refreshToken = await refreshed(refreshToken)
    }
    clock.advance(12 * DAY)
    expect(await client.refresh(refreshToken)).toEqual(refusal('SESSION_ENDED'))
  })

  test('is refused when the session has been idle for fourteen days', async () => {
    const [{ tokens: early }, { tokens: late }] = [await client.enter(), await client.enter()]
    clock.advance(14 * DAY - 1)
    await refreshed(early.refreshToken)
    clock.advance(1)
    expect(await client.refresh(late.refreshToken)).toEqual(refusal('SESSION_ENDED'))
    expect(await sessionRow(late.refreshToken)).toMatchObject({ generation: 1 })
  })

  test('is refused when JWT_SIGNING_KEY was replaced: whoever had the old one could make tokens of every session', async () => {
    const { tokens } = await client.enter()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const JWT_SIGNING_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const config = readAuthConfig({ ...testEnvironment(auth.databaseUrl), JWT_SIGNING_KEY })
    const replacement = await startAuth(config, { now: clock.now })
    try {
      const other = new AuthClient(replacement.url, clock)
      expect(await other.refresh(tokens.refreshToken)).toEqual(refusal('INVALID_TOKEN'))
      expect(await refreshed(tokens.refreshToken)).toContain('.2.')
    } finally {
      await replacement[Symbol.asyncDispose]()
    }
  })
})

describe('Signing out', () => {
  test('ends the session: its refresh token and its access token are refused', async () => {
    const { tokens } = await client.enter()
    expect(await client.signOut(tokens.accessToken)).toEqual({ data: { signOut: { signedOut: true, userErrors: [] } } })
    expect(await client.refresh(tokens.refreshToken)).toEqual(refusal('SESSION_ENDED'))
    expect((await client.signOut(tokens.accessToken)).errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
    ])
    expect(await sessionRow(tokens.refreshToken)).toMatchObject({ end_reason: 'SIGNED_OUT', ended_at: clock.now() })
  })

  test('twice in one operation is signed out twice', async () => {
    const { tokens } = await client.enter()
    const query = 'mutation { first: signOut { signedOut } second: signOut { signedOut } }'
    const { data } = await client.query(query, {}, tokens.accessToken)
    expect(data).toEqual({ first: { signedOut: true }, second: { signedOut: true } })
  })

  test('leaves the other sessions of the same user open', async () => {
    const person = newPerson()
    const { tokens } = await client.signUp(person)
    const other = await client.signIn(person.email, person.password)
    await client.signOut(tokens?.accessToken)
    expect((await client.me(other.tokens?.accessToken)).data?.me).not.toBeNull()
    await refreshed(other.tokens?.refreshToken ?? '')
  })

  test('is UNAUTHENTICATED to somebody who is not signed in', async () => {
    expect((await client.signOut()).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})
