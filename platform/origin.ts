import { logScopeNow } from './log-scope.ts'
import { traceparentNow } from './tracing/propagation.ts'

/** Which request has caused work that is done later, maybe by another process. */
export interface Origin {
  /** At most 128 safe characters, as `requestIdFrom` lets them through; null when no request has. */
  readonly requestId: string | null
  /** The span that asked for it (W3C Trace Context); null when nothing is recorded. */
  readonly traceparent: string | null
}

/** What is being done now, as the origin of what follows from it. */
export function originNow(): Origin {
  return { requestId: logScopeNow().requestId ?? null, traceparent: traceparentNow() ?? null }
}
