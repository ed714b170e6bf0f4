import type { ApolloServerPlugin } from '@apollo/server'
import { context, type Span, SpanKind, trace } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type DocumentNode, getOperationAST, type OperationDefinitionNode } from 'graphql'
import { rootFieldOf } from '../root-field.ts'
import { withTraceparent } from '../tracing/propagation.ts'
import { inSpan, markFailed, spanNow, startSpan, type TracedPart } from '../tracing/spans.ts'
import { codeOfFirst } from './operation-metrics.ts'

/**
 * Handles each request whose `traceparent` says that it is recorded in a span of that trace. Add it behind what checks the
 * signature, which covers the header.
 *
 * @param isChecked whether the signature of such a request has been checked; others are not traced.
 */
export function traceRequests(server: FastifyInstance, part: TracedPart, isChecked: (route: string) => boolean): void {
  const spans = new WeakMap<FastifyRequest, Span>()
  server.addHook('preHandler', (request, _reply, done) => {
    const { traceparent } = request.headers
    const route = request.routeOptions.url
    if (typeof traceparent !== 'string' || route === undefined || !isChecked(route)) return done()
    const attributes = { 'http.request.method': request.method, 'http.route': route }
    const name = `${request.method} ${route}`
    const span = withTraceparent(traceparent, () =>
      startSpan(() => ({ part, name, kind: SpanKind.SERVER, attributes })),
    )
    if (!span) return done()
    spans.set(request, span)
    context.with(trace.setSpan(context.active(), span), done)
  })
  server.addHook('onResponse', async (request, { statusCode }) => {
    const span = spans.get(request)
    span?.setAttribute('http.response.status_code', statusCode)
    if (statusCode >= 500) markFailed(span, String(statusCode))
    span?.end()
  })
}

/** Names the span of an operation after what it asks for, and says the code of its first error. */
export const operationsNamed: ApolloServerPlugin = {
  async requestDidStart() {
    const span = spanNow()
    if (!span) return undefined
    return {
      async didResolveOperation({ operation, document }) {
        if (!operation) return
        const { name, attributes } = describeOperation(operation, document)
        span.updateName(name).setAttributes(attributes)
      },
      async willSendResponse({ response: { body } }) {
        const code = body.kind === 'single' ? codeOfFirst(body.singleResult.errors) : undefined
        if (code !== undefined) markFailed(span, code)
      },
    }
  },
}

/** Does what opens an operation that came over a socket, within the trace that its sender says. */
export function inOperationSpan<Result>(
  { part, traceparent }: { readonly part: TracedPart; readonly traceparent: string | undefined },
  { document, operationName }: { document: DocumentNode; operationName: string | null | undefined },
  work: () => Result,
): Result {
  const operation = traceparent === undefined ? undefined : getOperationAST(document, operationName)
  if (!operation) return work()
  return withTraceparent(traceparent, () =>
    inSpan(() => ({ part, kind: SpanKind.SERVER, ...describeOperation(operation, document) }), work),
  )
}

function describeOperation(operation: OperationDefinitionNode, document: DocumentNode) {
  const field = rootFieldOf(operation, document)
  return {
    name: `${operation.operation} ${field}`,
    attributes: { 'graphql.operation.type': operation.operation, 'parley.root_field': field },
  }
}
