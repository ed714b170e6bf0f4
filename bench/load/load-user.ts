import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

/** How long an answer, and the opening of a socket, may take. */
const ANSWER_MS = 15_000
/** Of a token's life, after which it is replaced. */
const FRESH_SHARE = 0.7
const SHORTEST_LIFE_MS = 5_000

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: string
}

/** What came of a request: its data, or the first thing that was wrong. */
export type Answer<Data> = { readonly data: Data } | { readonly code: string }

/** What every mutation's payload has. */
interface Payload {
  readonly userErrors?: readonly { readonly code: string }[]
}

type Variables = Readonly<Record<string, unknown>>
interface Reply<Data> {
  readonly data?: Data | null
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[]
}

/**
 * Asks a gateway over HTTP, with a time limit. Redirects are not followed, so that nobody is led to another machine.
 * A code is the answer's first error's or user error's; TIMEOUT, NO_ANSWER and HTTP_<status> stand for no answer of the graph.
 */
export async function ask<Data extends object>(
  origin: string,
  operation: { readonly query: string; readonly variables?: Variables },
  token?: string,
): Promise<Answer<Data>> {
  try {
    const response = await fetch(`${origin}/graphql`, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(operation),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    const text = await response.text()
    if (!text.startsWith('{')) return { code: `HTTP_${response.status}` }
    const { data, errors } = JSON.parse(text) as Reply<Data>
    const userErrors = (Object.values(data ?? {}) as (Payload | null)[]).flatMap((payload) => payload?.userErrors ?? [])
    const code = errors?.[0]?.extensions?.code ?? userErrors[0]?.code
    return code === undefined && data ? { data } : { code: code ?? `HTTP_${response.status}` }
  } catch (error) {
    return { code: error instanceof Error && error.name === 'TimeoutError' ? 'TIMEOUT' : 'NO_ANSWER' }
  }
}

/** Somebody signed in: HTTP for operations, one socket for what they follow, tokens that are renewed in time. */
export class LoadUser implements AsyncDisposable {
  readonly id: string
  readonly #origin: string
  readonly #socket: Client
  readonly #ended = new AbortController()
  #tokens: Tokens
  #connection: WebSocket | undefined
  #renewal: NodeJS.Timeout | undefined

  constructor(origin: string, account: { readonly id: string; readonly tokens: Tokens }) {
    this.id = account.id
    this.#origin = origin
    this.#tokens = account.tokens
    this.#renewInTime()
    this.#socket = createClient({
      url: `${origin.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionAckWaitTimeout: ANSWER_MS,
      retryAttempts: 20,
      shouldRetry: () => !this.#ended.signal.aborted,
      connectionParams: () => ({ authorization: `Bearer ${this.#tokens.accessToken}` }),
      on: {
        connected: (connection) => {
          this.#connection = connection as WebSocket
        },
      },
    })
  }

  /** The answer to an operation. */
  ask<Data extends object>(query: string, variables: Variables = {}): Promise<Answer<Data>> {
    return ask<Data>(this.#origin, { query, variables }, this.#tokens.accessToken)
  }

  /** Subscribes; `onEnd` is told the code when the stream ends by itself. Returns how to leave. */
  subscribe<Event>(
    query: string,
    variables: Record<string, unknown>,
    on: { readonly event: (event: Event) => void; readonly end: (code: string) => void },
  ): () => void {
    return this.#socket.subscribe<Record<string, Event>>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          const event = data && Object.values(data)[0]
          if (event) on.event(event)
          else on.end(String(errors?.[0]?.extensions?.code ?? 'NO_EVENT'))
        },
        error: (error) => on.end(codeOf(error)),
        complete: () => on.end('COMPLETED'),
      },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    clearTimeout(this.#renewal)
    await this.#socket.dispose()
  }

  #renewInTime(): void {
    const lifeMs = Math.max(SHORTEST_LIFE_MS, Date.parse(this.#tokens.expiresAt) - Date.now())
    this.#renewal = setTimeout(() => void this.#renew(), lifeMs * FRESH_SHARE).unref()
  }

  async #renew(): Promise<void> {
    const answer = await ask<{ refreshTokens: { tokens: Tokens } }>(this.#origin, {
      query: REFRESH,
      variables: { input: { refreshToken: this.#tokens.refreshToken } },
    })
    if (this.#ended.signal.aborted) return
    if ('data' in answer) this.#tokens = answer.data.refreshTokens.tokens
    if (this.#connection?.readyState === WebSocket.OPEN) {
      const payload = { authorization: `Bearer ${this.#tokens.accessToken}` }
      this.#connection.send(JSON.stringify({ type: 'ping', payload }))
    }
    this.#renewInTime()
  }
}

/** An error of a subscription is a list of GraphQL errors, or how its socket was closed. */
function codeOf(error: unknown): string {
  const [first] = Array.isArray(error) ? (error as { extensions?: { code?: string } }[]) : []
  if (first) return first.extensions?.code ?? 'UNKNOWN'
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'number' ? `SOCKET_${code}` : 'SOCKET_FAILED'
}

const REFRESH = `mutation Refresh($input: RefreshTokensInput!) {
  refreshTokens(input: $input) { tokens { accessToken refreshToken expiresAt } userErrors { code } }
}`
