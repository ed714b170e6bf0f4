import { type Context, createContextKey, TraceFlags, trace } from '@opentelemetry/api'

/** Set in the context of a span that begins a trace here, whatever trace its client says that it belongs to. */
export const DECIDED_HERE = createContextKey('parley: whether it is recorded is decided here')

/**
 * Whether a span is recorded: by chance where a trace begins here, and else as its parent was.
 *
 * By chance, and not by the trace id as OpenTelemetry's own sampler does: a client may choose that one.
 *
 * @param ratio how many traces of all are recorded, from 0 to 1.
 */
export function isSampled(context: Context, ratio: number, random: () => number = Math.random): boolean {
  if (context.getValue(DECIDED_HERE) === true) return random() < ratio
  const parent = trace.getSpanContext(context)
  return parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) !== 0
}
