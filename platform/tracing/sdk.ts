import { randomUUID } from 'node:crypto'
import { context, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node'
import { versionOfParley } from '../version.ts'
import { isSampled } from './sampling.ts'
import { setTracing } from './spans.ts'

/** Spans that wait for the collector; what is beyond is dropped. Each is a kilobyte or two. */
const MOST_WAITING = 4_096
const BATCH = 512
const EXPORT_EVERY_MS = 2_000
/** How long a batch may take, tries again included. */
const EXPORT_TIMEOUT_MS = 5_000
/** How long the spans that wait may take when the process stops. */
const FAREWELL_MS = 1_000
/** No attribute is longer, in UTF-16 code units. */
const LONGEST_VALUE = 2_048

/** What spans are recorded and sent with. */
interface SdkOptions {
  /** What the process is called: `service.name`. */
  readonly service: string
  /** Of a collector that takes OTLP over HTTP; spans go to `/v1/traces` below it. */
  readonly endpoint: string
  /** How many of all traces are recorded, from 0 to 1. */
  readonly ratio: number
  /** Told of each batch that the collector did not take, and why. */
  readonly onFailure: (error: unknown) => void
}

/** Records spans and sends them to a collector from now on. Disposing sends what waits, within a second. */
export function registerSdk({ service, endpoint, ratio, onFailure }: SdkOptions): AsyncDisposable {
  const collector = new OTLPTraceExporter({
    url: tracesUrl(endpoint),
    timeoutMillis: EXPORT_TIMEOUT_MS,
  })
  const processor = new BatchSpanProcessor(tellingOfFailures(collector, onFailure), {
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: EXPORT_EVERY_MS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  })
  const provider = new NodeTracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': service,
        'service.namespace': 'parley',
        'service.version': versionOfParley(),
        'service.instance.id': randomUUID(),
      }),
    ),
    sampler: samplerOf(ratio),
    spanProcessors: [processor],
    spanLimits: { attributeValueLengthLimit: LONGEST_VALUE },
  })
  // Without a propagator: what is told to others is written where it is signed.
  provider.register({ propagator: null })
  setTracing(true)
  return {
    async [Symbol.asyncDispose]() {
      setTracing(false)
      const late = AbortSignal.timeout(FAREWELL_MS)
      const tooLate = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve(), { once: true }))
      await Promise.race([provider.shutdown().catch(onFailure), tooLate])
      trace.disable()
      context.disable()
    },
  }
}

function samplerOf(ratio: number): Sampler {
  return {
    shouldSample: (parent) => ({
      decision: isSampled(parent, ratio) ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => `Parley{${ratio}}`,
  }
}

/** The SDK tells of failures by a logger that is global, and with whatever the collector has answered. */
function tellingOfFailures(collector: SpanExporter, onFailure: (error: unknown) => void): SpanExporter {
  return {
    export: (spans, done) =>
      collector.export(spans, (result) => {
        if (result.error) onFailure(result.error)
        // They are gone either way: nobody keeps spans for a collector that is away.
        done({ code: 0 })
      }),
    shutdown: () => collector.shutdown(),
    forceFlush: async () => collector.forceFlush?.(),
  }
}

/** Its own path and query stay. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`
  return url.href
}
