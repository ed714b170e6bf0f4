import type { IncomingHttpHeaders } from 'node:http'
import type { AccessTokenVerifier, Viewer } from '../access-token.ts'
import { ForbiddenError, UnauthenticatedError } from '../errors.ts'
import { requestIdFrom } from '../request-id.ts'
import { type ServiceSigner, SIGNATURE_HEADER, type SignedHeaders } from '../service-signature.ts'

/** Who called a subgraph, as the call itself proves it. */
export interface Caller {
  /** Null: not signed in. */
  readonly viewer: Viewer | null
  readonly requestId: string
  /** The end user's address and browser, as the gateway saw them; null when it did not say. */
  readonly address: string | null
  readonly userAgent: string | null
  /** Whether a subscription is taken up that was cut off before: its client has what came until then. */
  readonly resumed: boolean
}

/** What a subgraph checks callers with. Without a signer calls need no signature. */
export interface CallerPolicy {
  readonly verifier: AccessTokenVerifier
  readonly signer: ServiceSigner | undefined
}

/**
 * Refuses a call that no service of this graph signed.
 *
 * @throws ForbiddenError
 */
export function requireSignature(policy: CallerPolicy, path: string, body: string, headers: SignedHeaders): void {
  if (!policy.signer || policy.signer.verify(headers[SIGNATURE_HEADER], path, body, headers)) return
  throw new ForbiddenError('This service answers signed calls of the gateway alone; send the request to the gateway.')
}

/**
 * Reads the caller out of the headers of a request, or the extensions of an operation on a socket.
 *
 * @throws UnauthenticatedError when a token is given that proves nothing.
 */
export async function identifyCaller(policy: CallerPolicy, headers: SignedHeaders): Promise<Caller> {
  return {
    viewer: await policy.verifier.viewerFrom(headers.authorization),
    requestId: requestIdFrom(headers['x-request-id']),
    address: headers['x-forwarded-for'] ?? null,
    userAgent: headers['x-client-user-agent']?.slice(0, 512) ?? null,
    resumed: false,
  }
}

/** Node's headers with one value a name; a repeated header counts as absent. */
export function singleHeaders(headers: IncomingHttpHeaders | Record<string, unknown>): SignedHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => typeof value === 'string')) as SignedHeaders
}

/**
 * The signed-in caller.
 *
 * @throws UnauthenticatedError when nobody is signed in.
 */
export function viewerOf(caller: Caller): Viewer {
  if (!caller.viewer) throw new UnauthenticatedError()
  return caller.viewer
}
