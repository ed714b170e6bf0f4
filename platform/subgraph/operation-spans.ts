import type { ApolloServerPlugin } from '@apollo/server'
import { context, type Span, SpanKind, trace } from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type DocumentNode, getOperationAST, type OperationDefinitionNode } from 'graphql'
import { CLIENT_LEFT, statusOf } from '../http-metrics.ts'
import { rootFieldOf } from '../root-field.ts'
import { withTraceparent } from '../tracing/propagation.ts'
import { inSpan, markFailed, spanNow, startSpan, type TracedPart } from '../tracing/spans.ts'
import { codeOfFirst } from './operation-metrics.ts'

/**
 * Handles each request whose `traceparent` says that it is recorded in a span of that trace, which ends with the answer, or
 * with status 499 when its caller leaves. Add it behind what checks the signature, which covers the header.
 *
 * @param isChecked whether the signature of such a request has been checked; others are not traced.
 */
export function traceRequests(server: FastifyInstance, part: TracedPart, isChecked: (route: string) => boolean): void {
  server.addHook('preHandler', (request, reply, done) => {
    const { traceparent } = request.headers
    const route = request.routeOptions.url
    if (typeof traceparent !== 'string' || route === undefined || !isChecked(route)) return done()
    const attributes = { 'http.request.method': request.method, 'http.route': route }
    const name = `${request.method} ${route}`
    const span = withTraceparent(traceparent, () =>
      startSpan(() => ({ part, name, kind: SpanKind.SERVER, attributes })),
    )
    if (!span) return done()
    // Fastify's `onResponse` says nothing of a caller that has left, as the gateway does at its deadline.
    if (reply.raw.destroyed) endWith(span, reply)
    else reply.raw.once('close', () => endWith(span, reply))
    context.with(trace.setSpan(context.active(), span), done)
  })
}

function endWith(span: Span, reply: FastifyReply): void {
  const status = statusOf(reply)
  span.setAttribute('http.response.status_code', status)
  if (status === CLIENT_LEFT || status >= 500) markFailed(span, String(status))
  span.end()
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
