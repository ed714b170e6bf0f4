import { setTimeout as delay } from 'node:timers/promises'
import type { GraphQLFormattedError } from 'graphql'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { PASSWORD, type Person } from '../support/people.ts'
import type { SeededRandom } from './seeded-random.ts'

type Variables = Record<string, unknown>

/** How long an app waits for an answer before it takes it for lost, in milliseconds. */
const ANSWER_MS = 5_000
/** A socket that is silent for the time of a ping and a pong is taken for dead. */
const PING_EVERY_MS = 3_000
const PONG_WITHIN_MS = 3_000
const REFRESH_EVERY_MS = 25_000
const REFRESH_AGAIN_MS = 700

/** How a subscription's stream ended. */
export type StreamEnd =
  | { readonly kind: 'complete' }
  /** The whole operation failed, and not a part of one event. */
  | { readonly kind: 'errors'; readonly codes: readonly unknown[]; readonly ofWhole: boolean }
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly why: string }

export interface Answer<Data> {
  readonly data: Data | null | undefined
  readonly codes: readonly unknown[]
}

/** One frame of a subscription. */
export interface StreamFrame {
  readonly data?: Record<string, unknown> | null
  readonly errors?: readonly GraphQLFormattedError[]
}

/**
 * A signed-in app as a careful developer writes one: HTTP with a time limit, one socket that is pinged, tokens that are
 * refreshed before they expire. What it does about a lost stream is up to who follows it.
 */
export class AppClient implements AsyncDisposable {
  readonly id: string
  readonly username: string
  readonly #url: string
  readonly #random: SeededRandom
  readonly #onNote: (text: string) => void
  readonly #socket: Client
  readonly #disposed = new AbortController()
  #tokens: Person['tokens']
  #connection: WebSocket | undefined
  #pongTimer: NodeJS.Timeout | undefined
  #isFrozen = false

  constructor(
    person: Pick<Person, 'id' | 'username' | 'tokens'>,
    options: { url: string; random: SeededRandom; onNote?: (text: string) => void },
  ) {
    this.id = person.id
    this.username = person.username
    this.#tokens = person.tokens
    this.#url = options.url
    this.#random = options.random
    this.#onNote = options.onNote ?? (() => undefined)
    this.#socket = this.#createSocket()
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  /**
   * The answer to an operation.
   *
   * @throws Error when none came in time.
   */
  async run<Data>(document: string, variables: Variables = {}): Promise<Answer<Data>> {
    return this.#post<Data>(document, variables, this.#tokens.accessToken)
  }

  /** Subscribes over the socket, which is opened if need be; `onEnd` is called once. Returns how to leave. */
  subscribe(
    document: string,
    variables: Variables,
    on: { frame: (frame: StreamFrame) => void; end: (end: StreamEnd) => void },
  ): () => void {
    return this.#socket.subscribe(
      { query: document, variables },
      {
        next: (frame) => on.frame(frame as StreamFrame),
        error: (error) => on.end(readEnd(error)),
        complete: () => on.end({ kind: 'complete' }),
      },
    )
  }

  /** Reads nothing from its socket any more, as a phone that sleeps. */
  freeze(): void {
    this.#isFrozen = true
    clearTimeout(this.#pongTimer)
    this.#connection?.pause()
  }

  thaw(): void {
    this.#isFrozen = false
    this.#connection?.resume()
  }

  /** Another app of the same person in the same session, with a socket of its own. It does not refresh its tokens. */
  another(): AppClient {
    const { id, username } = this
    return new AppClient({ id, username, tokens: this.#tokens }, { url: this.#url, random: this.#random })
  }

  /** Ends the socket without a word. */
  terminate(): void {
    this.#socket.terminate()
  }

  /** Keeps its tokens fresh until it is disposed. */
  keepFresh(): void {
    void this.#refreshForEver()
  }

  /** Gets new tokens now, once. */
  async refresh(): Promise<boolean> {
    const answer = await this.#post<{ refreshTokens: { tokens: Person['tokens'] | null } }>(
      REFRESH,
      { input: { refreshToken: this.#tokens.refreshToken } },
      undefined,
    ).catch(() => undefined)
    const tokens = answer?.data?.refreshTokens?.tokens
    if (answer?.data?.refreshTokens && !tokens) await this.#signInAgain()
    if (!tokens) return false
    this.#adopt(tokens)
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort()
    clearTimeout(this.#pongTimer)
    this.#connection?.resume()
    await this.#socket.dispose()
  }

  #createSocket(): Client {
    return createClient({
      url: `${this.#url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionAckWaitTimeout: ANSWER_MS,
      keepAlive: PING_EVERY_MS,
      connectionParams: () => ({ authorization: `Bearer ${this.#tokens.accessToken}` }),
      on: {
        opened: (connection) => {
          this.#connection = connection as WebSocket
        },
        ping: (received) => {
          if (received || this.#isFrozen) return
          this.#pongTimer = setTimeout(() => this.terminate(), PONG_WITHIN_MS).unref()
        },
        pong: (received) => {
          if (received) clearTimeout(this.#pongTimer)
        },
        closed: () => clearTimeout(this.#pongTimer),
      },
    })
  }

  async #post<Data>(query: string, variables: Variables, token: string | undefined): Promise<Answer<Data>> {
    const response = await fetch(`${this.#url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    const { data, errors = [] } = (await response.json()) as { data?: Data; errors?: GraphQLFormattedError[] }
    return { data, codes: errors.map(({ extensions }) => extensions?.code) }
  }

  async #refreshForEver(): Promise<void> {
    const { signal } = this.#disposed
    let waitMs = REFRESH_EVERY_MS
    while (!signal.aborted) {
      await delay(waitMs * this.#random.between(0.8, 1), undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      waitMs = (await this.refresh()) ? REFRESH_EVERY_MS : REFRESH_AGAIN_MS
    }
  }

  /** The server does not know the session any more. */
  async #signInAgain(): Promise<void> {
    this.#onNote(`the session of ${this.username} was lost at a refresh`)
    const answer = await this.#post<{ signIn: { tokens: Person['tokens'] | null } }>(
      SIGN_IN,
      { input: { login: this.username, password: PASSWORD } },
      undefined,
    ).catch(() => undefined)
    if (answer?.data?.signIn?.tokens) this.#tokens = answer.data.signIn.tokens
  }

  #adopt(tokens: Person['tokens']): void {
    this.#tokens = tokens
    if (this.#connection?.readyState !== WebSocket.OPEN) return
    this.#connection.send(
      JSON.stringify({ type: 'ping', payload: { authorization: `Bearer ${tokens.accessToken}` } }),
      () => undefined,
    )
  }
}

const REFRESH = `mutation Refresh($input: RefreshTokensInput!) {
  refreshTokens(input: $input) { tokens { accessToken refreshToken } userErrors { code } }
}`
const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { tokens { accessToken refreshToken } userErrors { code } }
}`

/** What errors say about a stream. */
export function readErrors(errors: readonly GraphQLFormattedError[]): { codes: unknown[]; ofWhole: boolean } {
  return {
    codes: errors.map(({ extensions }) => extensions?.code),
    ofWhole: errors.every(({ path }) => (path?.length ?? 0) <= 1),
  }
}

function readEnd(error: unknown): StreamEnd {
  if (Array.isArray(error)) return { kind: 'errors', ...readErrors(error) }
  const { code, reason, message } = error as { code?: unknown; reason?: unknown; message?: unknown }
  if (typeof code === 'number') return { kind: 'closed', code, reason: String(reason ?? '') }
  return { kind: 'failed', why: String(message ?? error) }
}
