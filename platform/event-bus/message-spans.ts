import { SpanKind } from '@opentelemetry/api'
import { withTraceparent, writeTraceparent } from '../tracing/propagation.ts'
import { inSpan } from '../tracing/spans.ts'

/** Where a message travels. */
type BusSystem = 'nats' | 'memory'

/**
 * Publishes in a span, within a trace that is recorded.
 *
 * @param send takes what travels with the message, for {@link hearMessage}; undefined where nothing is recorded.
 */
export function publishMessage(
  system: BusSystem,
  topic: string,
  send: (traceparent: string | undefined) => void,
): void {
  inSpan(
    () => describe(system, topic, { verb: 'publish', type: 'send', kind: SpanKind.PRODUCER }),
    (span) => send(span && writeTraceparent(span.spanContext())),
  )
}

/** Has listeners hear a message in a span of the trace that it was published in, and in none that is under way here. */
export function hearMessage(system: BusSystem, topic: string, traceparent: string | undefined, tell: () => void): void {
  withTraceparent(traceparent, () =>
    inSpan(() => describe(system, topic, { verb: 'process', type: 'process', kind: SpanKind.CONSUMER }), tell),
  )
}

interface Step {
  readonly verb: string
  readonly type: string
  readonly kind: SpanKind
}

/** A topic's first word says what it is about; the others say which one. */
function describe(system: BusSystem, topic: string, { verb, type, kind }: Step) {
  const [about = ''] = topic.split('/', 1)
  return {
    part: 'bus',
    name: `${verb} ${about}`,
    kind,
    attributes: {
      'messaging.system': system,
      'messaging.operation.name': verb,
      'messaging.operation.type': type,
      'messaging.destination.template': about === topic ? topic : `${about}/{id}`,
    },
  } as const
}
