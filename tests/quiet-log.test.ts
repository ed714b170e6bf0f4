import { randomUUID } from 'node:crypto'
import { generate } from 'otplib'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeId } from '../platform/ids.ts'
import { Mailbox } from '../subgraphs/auth/testing/mailbox.ts'
import { GraphClient } from './support/graph-client.ts'
import { type Person, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const SERVICE_SECRET = 'the secret that services share'.padEnd(32, '!')
let graph: TestGraph
let sql: pg.Client
let mailbox: Mailbox

beforeAll(async () => {
  // In production mails are to be read nowhere.
  graph = await startTestGraph({ environment: { NODE_ENV: 'test', SERVICE_SECRET }, logLevel: 'trace' })
  sql = new pg.Client(graph.databaseUrl)
  await sql.connect()
  mailbox = new Mailbox(graph.authUrl)
})

afterAll(async () => {
  await sql?.end()
  await graph?.[Symbol.asyncDispose]()
})

/** Everything secret that comes up in the life of an account. */
const secrets = new Set<string>()

function secret<Text extends string>(text: Text): Text {
  secrets.add(text)
  return text
}

/** Runs one mutation with one input; its answer, in which every token counts as a secret. */
async function mutate(client: GraphClient, field: string, type: string, input: object, selection: string) {
  const query = `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} userErrors { code } } }`
  const { data } = await client.send<Record<string, { tokens?: Person['tokens'] | null; recoveryCodes?: string[] }>>(
    query,
    { input },
  )
  const answer = data?.[field] ?? {}
  for (const token of Object.values(answer.tokens ?? {})) secret(token)
  for (const code of answer.recoveryCodes ?? []) secret(code)
  return answer
}

const TOKENS = 'tokens { accessToken refreshToken }'

async function beginTotp(client: GraphClient): Promise<string> {
  const { beginTotp } = await client.run<{ beginTotp: { secret: string; otpauthUrl: string } }>(
    'mutation { beginTotp { secret otpauthUrl } }',
  )
  return secret(beginTotp.secret)
}

/** An account from its first day to its last, with what goes wrong in between. */
async function liveALife(): Promise<void> {
  const door = new GraphClient(graph.url)
  const person = await signUp(graph, 'ada')
  const login = person.username
  const email = `${login}@example.org`
  secret(person.tokens.accessToken)
  const refreshed = await mutate(
    door,
    'refreshTokens',
    'RefreshTokensInput',
    { refreshToken: secret(person.tokens.refreshToken) },
    TOKENS,
  )
  const client = new GraphClient(graph.url, refreshed.tokens?.accessToken)

  await mutate(door, 'signIn', 'SignInInput', { login, password: secret('a wrong password, seen nowhere') }, TOKENS)
  await mutate(
    door,
    'refreshTokens',
    'RefreshTokensInput',
    { refreshToken: secret(`${person.tokens.refreshToken}x`) },
    TOKENS,
  )
  await new GraphClient(graph.url, secret(`${person.tokens.accessToken}x`)).send('{ me { id } }')
  await mutate(door, 'verifyEmail', 'VerifyEmailInput', { token: secret(await mailbox.tokenFor(email)) }, 'user { id }')

  const totpSecret = await beginTotp(client)
  const code = secret(await generate({ secret: totpSecret }))
  const { recoveryCodes = [] } = await mutate(client, 'confirmTotp', 'ConfirmTotpInput', { code }, 'recoveryCodes')
  const changed = {
    currentPassword: secret('wrong once more, seen nowhere'),
    newPassword: secret('a better phrase, seen nowhere'),
  }
  await mutate(client, 'changePassword', 'ChangePasswordInput', changed, 'user { id }')

  await mutate(door, 'requestPasswordReset', 'RequestPasswordResetInput', { email }, 'accepted')
  const token = secret(await mailbox.tokenFor(email, 'RESET_PASSWORD'))
  const password = secret('after the reset, seen nowhere')
  await mutate(door, 'resetPassword', 'ResetPasswordInput', { token, newPassword: password }, 'user { id }')
  const reset = { token, newPassword: password, totpCode: recoveryCodes[0] }
  await mutate(door, 'resetPassword', 'ResetPasswordInput', reset, 'user { id }')
  const again = await mutate(door, 'signIn', 'SignInInput', { login, password, totpCode: recoveryCodes[1] }, TOKENS)
  expect(again.tokens).toBeTruthy()

  await keepWhatIsStored(person.id)
  await breakTheDatabase(door)
  const last = new GraphClient(graph.url, again.tokens?.accessToken)
  await mutate(last, 'deleteAccount', 'DeleteAccountInput', { password }, 'deletedUserId')
}

/** Hashes and digests are secrets as well. */
async function keepWhatIsStored(id: string): Promise<void> {
  const { rows } = await sql.query(
    `SELECT hash AS text FROM auth.password WHERE user_id = $1
     UNION ALL SELECT encode(token_digest, 'hex') FROM auth.session WHERE user_id = $1
     UNION ALL SELECT encode(digest, 'hex') FROM auth.recovery_code WHERE user_id = $1
     UNION ALL SELECT encode(sealed_secret, 'hex') FROM auth.totp WHERE user_id = $1`,
    [decodeId('usr', id)],
  )
  expect(rows.length).toBeGreaterThan(3)
  for (const { text } of rows) secret(text)
}

/** An error of the database quotes the statement it could not run, with what it was to write. */
async function breakTheDatabase(door: GraphClient): Promise<void> {
  await sql.query('ALTER TABLE auth.password ADD CONSTRAINT broken CHECK (false) NOT VALID')
  const username = `nobody-${randomUUID().slice(0, 8)}`
  const input = { email: `${username}@example.org`, username, password: secret('never stored, seen nowhere') }
  await mutate(door, 'signUp', 'SignUpInput', input, TOKENS)
  await sql.query('ALTER TABLE auth.password DROP CONSTRAINT broken')
}

describe('The log, at its most talkative,', () => {
  it('holds no password, token, code or hash of an account’s whole life', async () => {
    await liveALife()
    secret(SERVICE_SECRET)
    const lines = graph.logLines()
    const log = lines.join('\n')
    expect(lines.some((line) => line.includes('unexpected error'))).toBe(true)
    expect(secrets.size).toBeGreaterThan(25)
    const found = [...secrets].filter((text) => occursIn(log, text))
    expect(found.map((text) => lines.filter((line) => occursIn(line, text)).slice(0, 1))).toEqual([])
    expect(log).not.toMatch(/\$argon2id\$|eyJ[\w-]{10,}\.|BEGIN PRIVATE KEY/)
  })
})

/** Six digits may stand inside a longer number by chance. */
function occursIn(log: string, text: string): boolean {
  return /^\d{6}$/.test(text) ? new RegExp(`(?<!\\d)${text}(?!\\d)`).test(log) : log.includes(text)
}
