import { SpanKind } from '@opentelemetry/api'
import type { z } from 'zod'
import { SubgraphUnavailableError } from './errors.ts'
import { type ServiceSigner, SIGNATURE_HEADER } from './service-signature.ts'
import { writeTraceparent } from './tracing/propagation.ts'
import { inSpan } from './tracing/spans.ts'

const TIMEOUT_MS = 5_000

/** Signed calls to the internal routes of another service of the graph. */
export class ServiceClient {
  readonly #service: string
  readonly #origin: string
  readonly #signer: ServiceSigner | undefined

  /** @param options.service its name, for people who read errors. */
  constructor(options: { service: string; origin: string; signer: ServiceSigner | undefined }) {
    this.#service = options.service
    this.#origin = options.origin
    this.#signer = options.signer
  }

  /** @throws SubgraphUnavailableError when the service gives no answer of this shape within five seconds. */
  get<Answer>(path: string, shape: z.ZodType<Answer>): Promise<Answer> {
    return this.#call(path, 'GET', '', shape)
  }

  /**
   * @param timeoutMs in milliseconds; five seconds when not given.
   * @throws SubgraphUnavailableError when the service gives no answer of this shape within that time.
   */
  post<Answer>(path: string, body: unknown, shape: z.ZodType<Answer>, timeoutMs = TIMEOUT_MS): Promise<Answer> {
    return this.#call(path, 'POST', JSON.stringify(body), shape, timeoutMs)
  }

  #call<Answer>(
    path: string,
    method: string,
    body: string,
    shape: z.ZodType<Answer>,
    timeoutMs = TIMEOUT_MS,
  ): Promise<Answer> {
    return inSpan(
      () => this.#describe(method, path),
      async (span) => {
        const traceparent = span && writeTraceparent(span.spanContext())
        try {
          const response = await fetch(this.#origin + path, {
            method,
            headers: {
              ...(body && { 'content-type': 'application/json' }),
              ...(traceparent !== undefined && { traceparent }),
              ...(this.#signer && { [SIGNATURE_HEADER]: this.#signer.sign(path, body, { traceparent }) }),
            },
            ...(body && { body }),
            signal: AbortSignal.timeout(timeoutMs),
          })
          if (!response.ok) throw new Error(`${path} answered ${response.status}`)
          return shape.parse(await response.json())
        } catch (error) {
          throw new SubgraphUnavailableError(this.#service, { cause: error })
        }
      },
    )
  }

  /** Paths are of few kinds; where one is gone on from in a list stands behind the question mark. */
  #describe(method: string, path: string) {
    const [route = path] = path.split('?', 1)
    const name = `${method} ${route}`
    const attributes = { 'http.request.method': method, 'url.path': route, 'peer.service': this.#service }
    return { part: 'services', name, kind: SpanKind.CLIENT, attributes } as const
  }
}
