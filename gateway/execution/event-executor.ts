import type { PlanNode } from '@apollo/query-planner'
import type { ViewerIndependence } from '../supergraph/viewer-independence.ts'
import type { CompiledOperation, OperationResult } from './compiled-operation.ts'
import { type EventSharing, eventSharing } from './event-sharing.ts'
import type { OperationContext } from './operation-context.ts'
import type { SubgraphResponse } from './subgraph-response.ts'
import type { SubgraphSource } from './subgraph-source.ts'

/** How to turn what a subgraph publishes into what the client asked for. */
export interface EventPlan {
  readonly operation: CompiledOperation
  /** Absent: what an event is completed with may differ by viewer. */
  readonly sharing: EventSharing | undefined
}

/**
 * @param operation a subscription.
 * @param rest what other subgraphs add to each of its events.
 */
export function eventPlan(
  supergraph: { readonly viewerIndependence: ViewerIndependence },
  operation: CompiledOperation,
  rest: PlanNode | undefined,
): EventPlan {
  return { operation, sharing: eventSharing(supergraph, operation, rest) }
}

/** Runs the rest of a subscription's plan for each of its events. */
export class EventExecutor {
  readonly #sources: ReadonlyMap<string, SubgraphSource>

  /** @param options.subgraphs every subgraph of the supergraph, by its name. */
  constructor(options: { subgraphs: ReadonlyMap<string, SubgraphSource> }) {
    this.#sources = options.subgraphs
  }

  /**
   * Never rejects: what fails is in the result's errors, as it was thrown.
   *
   * @param event is read and never written: viewers share it.
   */
  run(
    { operation }: EventPlan,
    event: SubgraphResponse,
    variables: Record<string, unknown>,
    context: OperationContext,
  ): Promise<EventResult> {
    return operation.run({ variables, sources: this.#sources, context, event })
  }
}

/** What the execution of an event comes to; no errors at all: it succeeded. */
export type EventResult = OperationResult
