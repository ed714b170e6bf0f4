import type { FastifyInstance } from 'fastify'

const ALLOWED_HEADERS =
  'authorization, content-type, traceparent, x-request-id, apollo-require-preflight, x-apollo-operation-name'

/** Which web pages may call the gateway from a browser: its own, and those of the allowed origins. */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>

  constructor(allowedOrigins: readonly string[]) {
    this.#allowed = new Set(allowedOrigins)
  }

  /** @param headers of a request; one without `origin` comes from no web page. */
  allows({ origin, host }: { origin?: string | undefined; host?: string | undefined }): boolean {
    if (origin === undefined || this.#allowed.has(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host
  }

  /** Answers browsers as the Fetch standard's CORS protocol asks. Credentials are tokens, never cookies. */
  addTo(server: FastifyInstance): void {
    server.addHook('onRequest', async ({ method, headers }, reply) => {
      const { origin } = headers
      if (origin === undefined || !this.allows(headers)) return
      reply.headers({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'x-request-id',
        vary: 'origin',
      })
      if (method !== 'OPTIONS') return
      reply.headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': '600',
      })
      return reply.status(204).send()
    })
  }
}
