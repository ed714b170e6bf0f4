import { type Span, SpanKind } from '@opentelemetry/api'
import { Pool } from 'undici'
import { SubgraphUnavailableError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { createMetrics, type Metrics } from '../../platform/metrics.ts'
import { parseQuietly } from '../../platform/parse-quietly.ts'
import type { ServiceSigner } from '../../platform/service-signature.ts'
import { writeTraceparent } from '../../platform/tracing/propagation.ts'
import { inSpan } from '../../platform/tracing/spans.ts'
import { AbandonedError } from './deadline.ts'
import { askInBatches } from './entity-batches.ts'
import { exchange } from './http-exchange.ts'
import { type OperationContext, signedHeaders } from './operation-context.ts'
import { checkStatus, RefusedCallError } from './response-status.ts'
import { SubgraphMetrics } from './subgraph-metrics.ts'
import { checkSubgraphResponse, type SubgraphResponse } from './subgraph-response.ts'
import type { SubgraphRequest, SubgraphSource } from './subgraph-source.ts'

/** Of one subgraph's answer. */
const MAX_RESPONSE_BYTES = 16_000_000

/** Open at once to one subgraph; what is beyond waits in line, at most until its operation's time is up. */
const MAX_CONNECTIONS = 256

/**
 * One subgraph over HTTP, on connections that stay open. It is told {@link OperationContext.forwarded} of the client
 * and nothing else. Whatever it answers that is not a GraphQL response is SUBGRAPH_UNAVAILABLE, and no answer in time is
 * OPERATION_TOO_EXPENSIVE; both leave the data of other subgraphs alone.
 */
export class HttpDataSource implements SubgraphSource {
  readonly name: string
  readonly #path: string
  readonly #pool: Pool
  readonly #signer: ServiceSigner | undefined
  readonly #logger: Logger
  readonly #metrics: SubgraphMetrics
  #secretIsSuspect = false

  constructor(options: {
    name: string
    url: string
    signer: ServiceSigner | undefined
    logger: Logger
    metrics?: Metrics | undefined
  }) {
    const { origin, pathname, search } = new URL(options.url)
    this.name = options.name
    this.#path = pathname + search
    this.#pool = new Pool(origin, { connections: MAX_CONNECTIONS, maxResponseSize: MAX_RESPONSE_BYTES })
    this.#signer = options.signer
    this.#logger = options.logger
    this.#metrics = new SubgraphMetrics(options.metrics ?? createMetrics(), options.name)
  }

  ask(request: SubgraphRequest, context: OperationContext): Promise<SubgraphResponse> {
    const { query, operationName, variables, representations } = request
    const answered = representations
      ? askInBatches(representations, (batch) =>
          this.#send(
            { query, operationName, variables: { ...variables, representations: batch } },
            context,
            batch.length,
          ),
        )
      : this.#send({ query, operationName, variables }, context)
    return answered.catch((error: unknown) => {
      throw this.#explain(error, context)
    })
  }

  /** Drops the connections, and with them whatever still waits for an answer. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  #send(request: object, context: OperationContext, entities?: number): Promise<SubgraphResponse> {
    const exchanged = (span?: Span) => this.#exchange(request, context, { entities, span })
    const traced = () => inSpan(() => this.#describe(entities), exchanged)
    return this.#metrics.measure(traced, context.signal)
  }

  #describe(entities: number | undefined) {
    const attributes = {
      'http.request.method': 'POST',
      'peer.service': this.name,
      ...(entities !== undefined && { 'parley.entities': entities }),
    }
    return { part: 'gateway', name: `fetch ${this.name}`, kind: SpanKind.CLIENT, attributes } as const
  }

  async #exchange(
    request: object,
    context: OperationContext,
    { entities, span }: { readonly entities: number | undefined; readonly span: Span | undefined },
  ): Promise<SubgraphResponse> {
    const body = JSON.stringify(request)
    const { forwarded } = context
    const told = span ? { ...forwarded, traceparent: writeTraceparent(span.spanContext()) } : forwarded
    const headers = signedHeaders(told, this.#signer, { path: this.#path, body })
    headers['content-type'] = 'application/json'
    headers.accept = 'application/json'
    const call = { method: 'POST', path: this.#path, headers, body } as const
    const { status, caching, text } = await exchange(this.#pool, call, context.signal)
    span?.setAttribute('http.response.status_code', status)
    context.caching?.restrict(caching)
    const answer = parseQuietly(text)
    checkStatus(status, answer)
    return checkSubgraphResponse(answer, entities)
  }

  /** What the client is told of a call that failed, once the log knows more. */
  #explain(err: unknown, { signal, requestId }: OperationContext): Error {
    const call = { subgraph: this.name, requestId }
    if (signal.reason instanceof AbandonedError) this.#logger.debug(call, 'a call to a subgraph was abandoned')
    else this.#logger.warn({ ...call, err: signal.aborted ? signal.reason : err }, 'subgraph unavailable')
    if (signal.aborted) return signal.reason
    if (err instanceof RefusedCallError && err.status === 403) this.#suspectSecret()
    return new SubgraphUnavailableError(this.name)
  }

  #suspectSecret(): void {
    if (this.#secretIsSuspect) return
    this.#secretIsSuspect = true
    this.#logger.error({ subgraph: this.name }, 'the subgraph refuses our calls: its SERVICE_SECRET probably differs')
  }
}
