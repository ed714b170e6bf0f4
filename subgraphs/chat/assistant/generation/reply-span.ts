import { SpanKind } from '@opentelemetry/api'
import { withTraceparent } from '../../../../platform/tracing/propagation.ts'
import { inSpan, markFailed, nameOf, spanNow, startSpan } from '../../../../platform/tracing/spans.ts'
import type { BegunClaim } from './claim.ts'
import type { Outcome } from './ending.ts'

/**
 * Writes a reply in a span of the trace of whoever asked for it, where that is recorded.
 *
 * @param since when the claim began, on the clock of `performance.now()`.
 */
export function inReplySpan<Result>(claim: BegunClaim, since: number, work: () => Result): Result {
  const describe = () => {
    const startTime = Date.now() - (performance.now() - since)
    const attributes = { 'gen_ai.request.model': claim.model, 'parley.reply.attempt': claim.attempt }
    return { part: 'worker', name: 'write reply', kind: SpanKind.CONSUMER, startTime, attributes } as const
  }
  return withTraceparent(claim.origin.traceparent, () =>
    inSpan(describe, () => {
      startSpan(() => ({ ...describe(), kind: SpanKind.INTERNAL, name: 'claim reply' }))?.end()
      return work()
    }),
  )
}

/** Says how the reply has ended; without an outcome it waits for an approval. */
export function traceOutcome(outcome: Outcome | undefined): void {
  const span = spanNow()
  span?.setAttribute('parley.reply.status', outcome?.status ?? 'PARKED')
  if (outcome?.error) markFailed(span, outcome.error.code)
}

/** Says why this worker writes the reply no longer. @param reason an error, or a word. */
export function traceBreak(reason: unknown): void {
  markFailed(spanNow(), typeof reason === 'string' ? reason : nameOf(reason))
}
