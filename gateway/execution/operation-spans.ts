import { context, type Span, SpanKind, trace } from '@opentelemetry/api'
import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql'
import { rootFieldOf } from '../../platform/root-field.ts'
import { beginTrace, endFailed, startTrace } from '../../platform/tracing/spans.ts'
import type { Client } from '../identity/client.ts'
import type { CompiledOperation } from './compiled-operation.ts'

/** A valid operation. */
interface Asked {
  readonly operation: OperationDefinitionNode
  readonly document: DocumentNode
}

/** Runs a client's operation in the span that its trace begins with. */
export function inOperationSpan<Result>(client: Client, asked: Asked, work: () => Result): Result {
  return beginTrace(client.traceparent, () => describe(asked), work)
}

/** The span in which a client's subscription is opened; undefined when it is not recorded. */
export function startOpening(client: Client, asked: Asked): Span | undefined {
  return startTrace(client.traceparent, () => describe(asked))
}

/** Does what opens a subscription, which goes on behind it until {@link endOpening}. */
export function openIn<Result>(opening: Span | undefined, work: () => Result): Result {
  if (!opening) return work()
  try {
    return context.with(trace.setSpan(context.active(), opening), work)
  } catch (error) {
    endFailed(opening, error)
    throw error
  }
}

/** The subgraph was asked, or never will be. Again changes nothing. */
export function endOpening(opening: Span | undefined): void {
  if (opening?.isRecording()) opening.end()
}

/**
 * Completes one event of a subscription in a trace of its own, which names the one in which the subscription was opened:
 * a stream that lives for hours is nothing that anybody could look at as one. An event that nobody is asked about is none.
 */
export function inEventSpan<Result>(
  opening: Span | undefined,
  { operation, fragments, queryPlan: { node } }: Pick<CompiledOperation, 'operation' | 'fragments' | 'queryPlan'>,
  work: () => Result,
): Result {
  if (node?.kind !== 'Subscription' || !node.rest) return work()
  const links = opening ? [{ context: opening.spanContext() }] : []
  const describeEvent = () => {
    const field = rootFieldOf(operation, { kind: Kind.DOCUMENT, definitions: [operation, ...fragments.values()] })
    const attributes = { 'graphql.operation.type': 'subscription', 'parley.root_field': field }
    return { part: 'gateway', name: `event ${field}`, kind: SpanKind.INTERNAL, attributes } as const
  }
  return beginTrace(undefined, describeEvent, work, links)
}

function describe({ operation, document }: Asked) {
  const field = rootFieldOf(operation, document)
  return {
    part: 'gateway',
    name: `${operation.operation} ${field}`,
    kind: SpanKind.SERVER,
    attributes: { 'graphql.operation.type': operation.operation, 'parley.root_field': field },
  } as const
}
