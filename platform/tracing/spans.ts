import {
  type Attributes,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TimeInput,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { readTraceparent } from './propagation.ts'
import { DECIDED_HERE } from './sampling.ts'

/** What of Parley a span was made by: the name of its instrumentation scope, also where all parts share a process. */
export type TracedPart = 'gateway' | 'auth' | 'chat' | 'subgraph' | 'worker' | 'services' | 'database' | 'bus'

/**
 * What a span says of itself: nothing that a client, a person or a model has written, no token, no id of anybody. Names, and
 * the attributes that are ours, have few values.
 */
interface SpanDescription {
  readonly part: TracedPart
  readonly name: string
  /** INTERNAL when not given. */
  readonly kind?: SpanKind
  /** By OpenTelemetry's semantic conventions where they name it, else `parley.*`. */
  readonly attributes?: Attributes
  /** When it began; now when not given. */
  readonly startTime?: TimeInput
}

/** Whether anybody records: set by whoever registers the SDK. Everything here costs a glance at it while nobody does. */
let isTracing = false

/** Says whether a tracer provider is registered. */
export function setTracing(isOn: boolean): void {
  isTracing = isOn
}

/**
 * Does work in a span within the active one, which ends with the work, or with the promise that it returns. Where nothing is
 * recorded it does the work and nothing else.
 *
 * @param describe called only where something is recorded.
 */
export function inSpan<Result>(describe: () => SpanDescription, work: (span?: Span) => Result): Result {
  const span = startSpan(describe)
  return span ? within(span, work) : work()
}

/**
 * Does work in the span that a trace of ours begins with. Whoever sent the request may name its trace, but not whether it is
 * recorded: that is decided here, by our ratio.
 *
 * @param traceparent of the client.
 * @param links to spans of other traces that have to do with it.
 */
export function beginTrace<Result>(
  traceparent: string | undefined,
  describe: () => SpanDescription,
  work: (span?: Span) => Result,
  links?: Link[],
): Result {
  const span = startTrace(traceparent, describe, links)
  return span ? within(span, work) : work()
}

/** Begins a trace as {@link beginTrace} does, with a span that whoever called ends; undefined when it is not recorded. */
export function startTrace(
  traceparent: string | undefined,
  describe: () => SpanDescription,
  links: Link[] = [],
): Span | undefined {
  if (!isTracing) return undefined
  const client = readTraceparent(traceparent)
  const parent = client ? trace.setSpanContext(ROOT_CONTEXT, client) : ROOT_CONTEXT
  const { part, name, attributes = {}, kind = SpanKind.SERVER } = describe()
  const span = trace.getTracer(part).startSpan(name, { kind, attributes, links }, parent.setValue(DECIDED_HERE, true))
  return span.isRecording() ? span : undefined
}

/** Begins a span within the active one, which whoever called ends; undefined where nothing is recorded. */
export function startSpan(describe: () => SpanDescription): Span | undefined {
  if (!isTracing || !isFollowed(trace.getActiveSpan())) return undefined
  const { part, name, ...options } = describe()
  const span = trace.getTracer(part).startSpan(name, options)
  return span.isRecording() ? span : undefined
}

/** Does work in a span, which it ends as {@link inSpan} does. */
function within<Result>(span: Span, work: (span: Span) => Result): Result {
  try {
    const result = context.with(trace.setSpan(context.active(), span), () => work(span))
    if (!(result instanceof Promise)) {
      span.end()
      return result
    }
    return result.then(
      (value: unknown) => {
        span.end()
        return value
      },
      (error: unknown) => {
        endFailed(span, error)
        throw error
      },
    ) as Result
  } catch (error) {
    endFailed(span, error)
    throw error
  }
}

/** Does work that is part of no trace: what many share, or what lives on when its first asker has gone. */
export function outsideTraces<Result>(work: () => Result): Result {
  return isTracing ? context.with(ROOT_CONTEXT, work) : work()
}

/** The active span, where it is recorded. */
export function spanNow(): Span | undefined {
  if (!isTracing) return undefined
  const span = trace.getActiveSpan()
  return span?.isRecording() ? span : undefined
}

/** Ends a span whose work failed. Only the error's code or class is told: its message may quote what somebody wrote. */
export function endFailed(span: Span, error: unknown): void {
  markFailed(span, nameOf(error))
  span.end()
}

/** Says that a span's work failed. @param code one of few. */
export function markFailed(span: Span | undefined, code: string): void {
  span?.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR })
}

/** A span that has ended has no more children: what it left behind, such as a timer, would be told as part of it for ever. */
function isFollowed(span: Span | undefined): boolean {
  if (!span) return false
  if (span.isRecording()) return true
  const { isRemote, traceFlags } = span.spanContext()
  return isRemote === true && (traceFlags & TraceFlags.SAMPLED) !== 0
}

/** What an error is called in traces: its code, or else its class. */
export function nameOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown }
  if (typeof code === 'string' && /^[A-Z\d_]{2,60}$/.test(code)) return code
  return typeof name === 'string' && /^[A-Za-z\d_]{2,60}$/.test(name) ? name : '_OTHER'
}
