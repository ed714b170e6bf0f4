import {
  context,
  isValidSpanId,
  isValidTraceId,
  ROOT_CONTEXT,
  type SpanContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api'

/** W3C Trace Context, version 00: version, trace id, span id, flags. */
const TRACEPARENT = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/

/** Of every traceparent that is written here, in characters. */
export const TRACEPARENT_LENGTH = 55

/** The active span as others are told of it (W3C Trace Context); undefined when nothing is recorded. */
export function traceparentNow(): string | undefined {
  const span = trace.getActiveSpan()
  return span?.isRecording() ? writeTraceparent(span.spanContext()) : undefined
}

/**
 * Does work as a part of a trace that began elsewhere, and of none that is under way here.
 *
 * @param traceparent from somebody who is trusted to say what is recorded. With none, and with one that cannot be read, the
 * work is part of no trace.
 */
export function withTraceparent<Result>(traceparent: string | null | undefined, work: () => Result): Result {
  const parent = readTraceparent(traceparent)
  return context.with(parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT, work)
}

/** A span as others are told of it. */
export function writeTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`
}

/** The span of somebody else; undefined for what is none. */
export function readTraceparent(traceparent: string | null | undefined): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent ?? '') ?? []
  if (!isValidTraceId(traceId) || !isValidSpanId(spanId)) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true }
}
