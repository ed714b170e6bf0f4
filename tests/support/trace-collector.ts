import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A value as OTLP writes it in JSON. */
interface AnyValue {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
  readonly arrayValue?: { readonly values: readonly AnyValue[] }
}

interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}

/** What one process sends (OTLP/HTTP 1.x, `ExportTraceServiceRequest` as JSON). */
interface ExportedTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string }
      readonly spans: readonly {
        readonly traceId: string
        readonly spanId: string
        readonly parentSpanId?: string
        readonly name: string
        readonly kind: number
        readonly attributes: readonly KeyValue[]
        readonly links?: readonly { readonly traceId: string }[]
        readonly status: { readonly code?: number }
      }[]
    }[]
  }[]
}

/** A span as it was told of. */
export interface CollectedSpan {
  readonly service: string
  /** Which part of Parley made it. */
  readonly part: string
  readonly traceId: string
  readonly spanId: string
  /** Undefined for the first of a trace. */
  readonly parentId: string | undefined
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly string[]
  readonly hasFailed: boolean
}

/** A collector of traces on this machine, which keeps what it is sent. */
export interface TraceCollector extends AsyncDisposable {
  readonly url: string
  readonly spans: readonly CollectedSpan[]
  /** All bytes of all requests, as text. */
  readonly text: string
  readonly paths: ReadonlySet<string>
}

/** Starts one; it takes OTLP over HTTP as JSON. */
export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: CollectedSpan[] = []
  const texts: string[] = []
  const paths = new Set<string>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    texts.push(JSON.stringify(request.headers), body)
    paths.add(request.url ?? '')
    spans.push(...read(JSON.parse(body) as ExportedTraces))
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    paths,
    get text() {
      return texts.join('\n')
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

function read({ resourceSpans }: ExportedTraces): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name'])
    return scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name, attributes, links = [], status }) => ({
        ...{ service, part: scope.name, traceId, spanId, parentId: parentSpanId || undefined, name },
        attributes: valuesOf(attributes),
        links: links.map((link) => link.traceId),
        hasFailed: status.code === 2,
      })),
    )
  })
}

function valuesOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]))
}

function readValue(value: AnyValue): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(readValue)
  return value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue)
}
