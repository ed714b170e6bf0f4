import type { IncomingMessage } from 'node:http'
import type { AccessTokenVerifier, Viewer } from '../../platform/access-token.ts'
import { UnauthenticatedError } from '../../platform/errors.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

/** What a request says of where it comes from, or the one that opened a socket. */
export interface Arrival {
  readonly address: string
  readonly userAgent?: string
  /** W3C Trace Context, without the flag that it is recorded: nobody but us decides what fills our collector. */
  readonly traceparent?: string
}

/** Who is on the other end of a request or a socket. */
export interface Client extends Arrival {
  /** As the client wrote it; verified when the gateway verifies tokens, and forwarded unchanged. */
  readonly authorization?: string
  /** Null: anonymous, or the gateway does not verify tokens. */
  readonly viewer: Viewer | null
}

/** Whether two clients are the same user in the same session; those of a gateway that verifies no tokens always are. */
export function isSameSession({ viewer: one }: Client, { viewer: other }: Client): boolean {
  return one?.userId === other?.userId && one?.sessionId === other?.sessionId
}

/** Tells who a client is. Without a verifier tokens are forwarded without being looked at. */
export class ClientIdentification {
  readonly #verifier: AccessTokenVerifier | undefined
  readonly #proxies: TrustedProxies

  constructor(options: { verifier?: AccessTokenVerifier | undefined; proxies: TrustedProxies }) {
    this.#verifier = options.verifier
    this.#proxies = options.proxies
  }

  /**
   * Looks at a token once more that was good when its client came.
   *
   * @throws UnauthenticatedError when it is no more.
   */
  async verify(authorization: string | undefined): Promise<void> {
    await this.#verifier?.viewerFrom(authorization)
  }

  /** All that is to be kept of the request that opens a socket: the request itself is several kilobytes. */
  arrivalOf(request: IncomingMessage): Arrival {
    const { 'user-agent': userAgent, traceparent } = request.headers
    return {
      address: this.#proxies.clientAddress(request),
      ...(userAgent && { userAgent: userAgent.slice(0, MAX_USER_AGENT) }),
      ...(typeof traceparent === 'string' && TRACEPARENT.test(traceparent) && { traceparent: unrecorded(traceparent) }),
    }
  }

  /**
   * Who sends a request.
   *
   * @throws as `identify`.
   */
  identifySender(request: IncomingMessage): Promise<Client> {
    return this.identify(this.arrivalOf(request), request.headers.authorization)
  }

  /**
   * @param authorization what the client proves itself with: the header, or its like in `connection_init` or a `ping`.
   * @throws UnauthenticatedError when it proves nothing, always in the same words.
   */
  async identify(arrival: Arrival, authorization: unknown): Promise<Client> {
    if (authorization !== undefined && !isHeaderValue(authorization)) throw new UnauthenticatedError()
    const viewer = (await this.#verifier?.viewerFrom(authorization)) ?? null
    return { ...arrival, ...(authorization !== undefined && { authorization }), viewer }
  }
}

const MAX_USER_AGENT = 512

const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/

function unrecorded(traceparent: string): string {
  return `${traceparent.slice(0, -2)}00`
}

/** Visible ASCII and spaces, and no longer than the header Node would have taken: safe to repeat in a header of ours. */
function isHeaderValue(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]{1,16384}$/.test(value)
}
