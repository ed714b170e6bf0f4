import type { IncomingHttpHeaders } from 'node:http'
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** Credentials are tokens, never cookies. */
const ANSWER: FastifyCorsOptions = {
  methods: ['GET', 'POST'],
  allowedHeaders: [
    'authorization',
    'content-type',
    'traceparent',
    'x-request-id',
    'apollo-require-preflight',
    'x-apollo-operation-name',
  ],
  exposedHeaders: ['x-request-id', 'retry-after'],
  maxAge: 600,
  strictPreflight: false,
}
const ALLOWED: FastifyCorsOptions = { ...ANSWER, origin: true }
const NOT_ALLOWED: FastifyCorsOptions = { ...ANSWER, origin: false }

/** Which web pages may call the gateway from a browser: its own, and those of the allowed origins. */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>

  constructor(allowedOrigins: readonly string[]) {
    this.#allowed = new Set(allowedOrigins)
  }

  /**
   * @param headers of a request; one without `origin` comes from no web page of another origin, unless its browser says
   *   so by `sec-fetch-site` (Fetch Metadata): images and `no-cors` requests tell no origin.
   */
  allows(headers: IncomingHttpHeaders): boolean {
    const { origin, host, 'sec-fetch-site': site } = headers
    if (origin === undefined) return site !== 'cross-site' && site !== 'same-site'
    if (this.#allowed.has(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host
  }

  /** Answers browsers as the Fetch standard's CORS protocol asks. */
  addTo(server: FastifyInstance): void {
    void server.register(cors, {
      delegator: ({ headers }, answer) =>
        answer(null, headers.origin !== undefined && this.allows(headers) ? ALLOWED : NOT_ALLOWED),
    })
  }
}
