import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** The header, and on a socket the operation's extension, that carries the signature. */
export const SIGNATURE_HEADER = 'x-parley-signature'

/** What travels from the gateway to a subgraph beside the body, and is signed with it. */
const FORWARDED_HEADERS = [
  'authorization',
  'x-request-id',
  'traceparent',
  'x-forwarded-for',
  'x-client-user-agent',
] as const

export type SignedHeaders = Readonly<Record<string, string | undefined>>

/** How far the clocks of two services may be apart, and so how long a captured request could be replayed. */
const TOLERANCE_SECONDS = 60

/**
 * Signs and checks calls between services with the shared `SERVICE_SECRET`: HMAC-SHA256 over time, path, body and the
 * forwarded headers, written `t=<unix seconds>,v1=<hex>`. It proves who calls; it never replaces the user's own token.
 */
export class ServiceSigner {
  readonly #secret: string
  readonly #now: () => Date

  constructor(secret: string, now: () => Date = () => new Date()) {
    this.#secret = secret
    this.#now = now
  }

  /** The signature's text for one call. */
  sign(path: string, body: string, headers: SignedHeaders): string {
    const time = this.#seconds()
    return `t=${time},v1=${this.#digest(time, path, body, headers).toString('hex')}`
  }

  /** Whether the call was signed with the same secret within the last minute. */
  verify(signature: string | undefined, path: string, body: string, headers: SignedHeaders): boolean {
    const [, time, digest] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature ?? '') ?? []
    if (!time || !digest || Math.abs(this.#seconds() - Number(time)) > TOLERANCE_SECONDS) return false
    return timingSafeEqual(Buffer.from(digest, 'hex'), this.#digest(Number(time), path, body, headers))
  }

  #seconds(): number {
    return Math.floor(this.#now().getTime() / 1000)
  }

  #digest(time: number, path: string, body: string, headers: SignedHeaders): Buffer {
    const signed = [time, path, createHash('sha256').update(body).digest('hex')]
    const forwarded = FORWARDED_HEADERS.map((name) => headers[name] ?? null)
    return createHmac('sha256', this.#secret)
      .update(JSON.stringify([...signed, ...forwarded]))
      .digest()
  }
}

/** The body to sign for an operation on a socket: both ends build it from the parsed payload, so it must not depend on key order. */
export function canonicalOperation(payload: {
  query: string
  operationName?: string | null | undefined
  variables?: Record<string, unknown> | null | undefined
}): string {
  return JSON.stringify([payload.query, payload.operationName ?? null, payload.variables ?? null])
}

/** Signs with this secret; nobody does without one, which only development is. */
export function signerWith(secret: string | undefined, now?: () => Date): ServiceSigner | undefined {
  return secret === undefined ? undefined : new ServiceSigner(secret, now)
}
