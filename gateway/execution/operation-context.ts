import { AsyncLocalStorage } from 'node:async_hooks'
import type { Viewer } from '../../platform/access-token.ts'
import { type ServiceSigner, SIGNATURE_HEADER, type SignedHeaders } from '../../platform/service-signature.ts'
import type { Client } from '../identity/client.ts'
import type { CachePolicy } from './cache-policy.ts'
import type { MeasuredOperation } from './operation-metrics.ts'

/** What the gateway knows of one operation, or one event of a subscription, while it runs. */
export interface OperationContext {
  readonly requestId: string
  readonly viewer: Viewer | null
  /** The only things of the client that subgraphs are told. */
  readonly forwarded: SignedHeaders
  /** Aborts when the time is up or the client has gone. */
  readonly signal: AbortSignal
  /** How long the answer may be kept, after what subgraphs have said until now; where anybody wants to know. */
  readonly caching?: CachePolicy
  /** Is told of errors; absent of an event of a subscription. */
  readonly measured?: MeasuredOperation
}

/** The context of the operation that is running, for code that is called without one: error formatting. */
export const runningOperation = new AsyncLocalStorage<OperationContext>()

export function operationContext(client: Client, requestId: string, signal: AbortSignal): OperationContext {
  return { requestId, viewer: client.viewer, forwarded: forwardedHeaders(client, requestId), signal }
}

export function forwardedHeaders(client: Client, requestId: string): SignedHeaders {
  return {
    authorization: client.authorization,
    'x-request-id': requestId,
    traceparent: client.traceparent,
    'x-forwarded-for': client.address,
    'x-client-user-agent': client.userAgent,
  }
}

/** The headers of one call to a subgraph: what is forwarded, signed together with the call when there is a secret. */
export function signedHeaders(
  forwarded: SignedHeaders,
  signer: ServiceSigner | undefined,
  call: { path: string; body: string },
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(forwarded)) if (value !== undefined) headers[name] = value
  if (signer) headers[SIGNATURE_HEADER] = signer.sign(call.path, call.body, forwarded)
  return headers
}
