import { generateKeyPairSync } from 'node:crypto'
import { newUuid } from '../../../platform/ids.ts'
import { ServiceSigner, SIGNATURE_HEADER } from '../../../platform/service-signature.ts'

const SECRET = 'the secret that the tests share'.padEnd(32, '!')
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** What a complete environment of the auth process holds; a port of its own for each start. */
export function testEnvironment(databaseUrl: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    AUTH_PORT: '0',
    DATABASE_URL: databaseUrl,
    JWT_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    SERVICE_SECRET: SECRET,
    // Everybody in the tests comes from one address.
    RATE_LIMIT_SIGN_UP: '1000000',
    RATE_LIMIT_SIGN_IN_FAILURES: '1000000',
    LOG_LEVEL: process.env.LOG ?? 'silent',
    LOG_FORMAT: 'json',
  }
}

/** A clock that moves when it is told to. */
export class ManualClock {
  #at = Date.parse('2026-03-01T12:00:00.000Z')
  readonly now = (): Date => new Date(this.#at)

  advance(seconds: number): void {
    this.#at += seconds * 1000
  }
}

export interface Tokens {
  accessToken: string
  refreshToken: string
  expiresAt: string
}

interface UserError {
  code: string
  message: string
  path: string[]
}

interface TestUser {
  id: string
  username: string
  displayName: string
  email: string | null
  roles: string[] | null
  createdAt: string
}

/** What any of the operations below may answer with; `data` is null when nothing could be executed. */
interface Answer<Data> {
  data?: Data | null
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string; requestId: string } }[]
}

type AuthAnswer = { user: TestUser | null; tokens: Tokens | null; userErrors: UserError[] }

const USER = '{ id username displayName email roles createdAt }'
const TOKENS = '{ accessToken refreshToken expiresAt }'
const PAYLOAD = `{ user ${USER} tokens ${TOKENS} userErrors { code message path } }`

/** A person who does not exist yet, with names nobody else has. */
export function newPerson() {
  const name = newUuid().replaceAll('-', '')
  return { email: `${name}@example.com`, username: name, password: 'correct horse battery', displayName: 'Robin' }
}

/** Speaks to a running auth subgraph as the gateway does: GraphQL over HTTP, signed. */
export class AuthClient {
  readonly #url: string
  readonly #signer: ServiceSigner

  constructor(url: string, clock: ManualClock) {
    this.#url = url
    this.#signer = new ServiceSigner(SECRET, clock.now)
  }

  /** @param headers `authorization` and the other forwarded headers, which the signature covers. */
  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const text = JSON.stringify(body)
    return this.postUnsigned(path, text, { ...headers, [SIGNATURE_HEADER]: this.#signer.sign(path, text, headers) })
  }

  postUnsigned(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    const method = 'POST'
    return fetch(`${this.#url}${path}`, { method, body, headers: { 'content-type': 'application/json', ...headers } })
  }

  get(path: string): Promise<Response> {
    return fetch(`${this.#url}${path}`)
  }

  async query<Data>(query: string, variables: object, accessToken?: string): Promise<Answer<Data>> {
    const headers = accessToken === undefined ? undefined : { authorization: `Bearer ${accessToken}` }
    const response = await this.post('/graphql', { query, variables }, headers)
    return (await response.json()) as Answer<Data>
  }

  async signUp(input: Partial<ReturnType<typeof newPerson>> = {}): Promise<AuthAnswer> {
    return this.#mutate('signUp', 'SignUpInput', { ...newPerson(), ...input })
  }

  async signIn(login: string, password: string): Promise<AuthAnswer> {
    return this.#mutate('signIn', 'SignInInput', { login, password })
  }

  async refresh(refreshToken: string): Promise<{ tokens: Tokens | null; userErrors: UserError[] }> {
    const query = `mutation ($input: RefreshTokensInput!) {
      result: refreshTokens(input: $input) { tokens ${TOKENS} userErrors { code message path } }
    }`
    return resultOf(await this.query(query, { input: { refreshToken } }))
  }

  /** Signs up a new person, and answers what a test goes on with. */
  async enter(): Promise<{ user: TestUser; tokens: Tokens }> {
    const { user, tokens, userErrors } = await this.signUp()
    if (!user || !tokens) throw new Error(`The sign-up was refused: ${JSON.stringify(userErrors)}`)
    return { user, tokens }
  }

  async me(accessToken?: string): Promise<Answer<{ me: TestUser | null }>> {
    return this.query(`{ me ${USER} }`, {}, accessToken)
  }

  async user(id: string, accessToken?: string): Promise<Answer<{ user: TestUser | null }>> {
    return this.query(`query ($id: ID!) { user(id: $id) ${USER} }`, { id }, accessToken)
  }

  async signOut(accessToken?: string): Promise<Answer<{ signOut: { signedOut: boolean } | null }>> {
    return this.query('mutation { signOut { signedOut userErrors { code } } }', {}, accessToken)
  }

  async #mutate(field: string, inputType: string, input: object): Promise<AuthAnswer> {
    const query = `mutation ($input: ${inputType}!) { result: ${field}(input: $input) ${PAYLOAD} }`
    return resultOf(await this.query(query, { input }))
  }
}

function resultOf<Result>(answer: Answer<{ result: Result | null }>): Result {
  if (answer.data?.result) return answer.data.result
  throw new Error(`The mutation failed: ${JSON.stringify(answer.errors)}`)
}
