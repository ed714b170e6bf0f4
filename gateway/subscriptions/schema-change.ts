import { type DocumentNode, getVariableValues } from 'graphql'
import { ApplicationError } from '../../platform/errors.ts'
import type { EventCompletion } from '../execution/event-completion.ts'
import type { PlanningMetrics } from '../execution/planning-metrics.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { UpstreamEvents } from '../upstream/upstream-event.ts'
import { denialsFor, planFor } from './current-plan.ts'
import { type SubscriptionPlan, SubscriptionPlanner } from './subscription-planner.ts'
import type { SubscriptionRequest } from './subscription-request.ts'

/** A supergraph, as far as subscriptions depend on it. */
export interface SubscribableGraph {
  readonly supergraph: LoadedSupergraph
  readonly completion: Pick<EventCompletion, 'complete'>
  /** What is told of plans; absent: nothing. */
  readonly planning?: PlanningMetrics | undefined
}

/** One that is served in the place of another. */
export interface NextGraph extends SubscribableGraph {
  readonly documents: {
    /** The document of a source that was accepted before; undefined when it may not run any more. */
    accept(source: string): DocumentNode | undefined
  }
}

/** The supergraph that served a subscription has been replaced by one that answers it otherwise. */
export class SchemaReloadError extends ApplicationError {
  override readonly name = 'SchemaReloadError'

  constructor() {
    super('SUBSCRIPTION_SCHEMA_RELOAD', 'The graph has changed, and with it this subscription: subscribe again.')
  }
}

/** What plans and parses for the streams of one supergraph. */
export class StreamGraph {
  readonly supergraph: LoadedSupergraph
  readonly completion: SubscribableGraph['completion']
  readonly planner: SubscriptionPlanner
  readonly events = new UpstreamEvents()

  constructor({ supergraph, completion, planning }: SubscribableGraph) {
    this.supergraph = supergraph
    this.completion = completion
    this.planner = new SubscriptionPlanner(supergraph, planning)
  }
}

/** An open subscription: what was asked for, and by what it is answered. */
export interface PlannedSubscription {
  readonly request: SubscriptionRequest
  readonly plan: SubscriptionPlan
}

/** Tells which subscriptions go on when a supergraph is replaced. */
export class SchemaChange {
  readonly graph: StreamGraph
  readonly #next: NextGraph
  /** By the plans of the supergraph that is replaced, and what their viewers may not see in the next one. */
  readonly #successors = new Map<string, SubscriptionPlan | undefined>()

  constructor(next: NextGraph) {
    this.#next = next
    this.graph = new StreamGraph(next)
  }

  /** Whether the plan has been made that is compared, which is what takes time. */
  knows(subscription: PlannedSubscription): boolean {
    const key = this.#keyOf(subscription)
    return key === undefined || this.#successors.has(key)
  }

  /**
   * The plan by which a subscription goes on: what the subgraphs are asked is the same, what the client is shown of it
   * may differ.
   *
   * @returns undefined when it is not valid any more, or planned otherwise.
   */
  successorOf(subscription: PlannedSubscription): SubscriptionPlan | undefined {
    const key = this.#keyOf(subscription)
    if (key === undefined) return undefined
    if (!this.#successors.has(key)) this.#successors.set(key, this.#planAnew(subscription))
    const successor = this.#successors.get(key)
    return successor && this.#accepts(subscription.request) ? successor : undefined
  }

  /** Undefined when nobody can tell what its client may see: a reload is not stopped by it half-way. */
  #keyOf({ plan, request }: PlannedSubscription): string | undefined {
    try {
      return `${plan.id} ${denialsFor(this.graph, request)?.key ?? ''}`
    } catch {
      return undefined
    }
  }

  #planAnew({ plan, request }: PlannedSubscription): SubscriptionPlan | undefined {
    const document = this.#next.documents.accept(request.source)
    if (!document) return undefined
    try {
      const next = planFor(this.graph, { ...request, document })
      return isSame(plan, next) ? next : undefined
    } catch {
      // Whoever subscribes anew is told.
      return undefined
    }
  }

  #accepts({ operation, variables }: SubscriptionRequest): boolean {
    const { clientSchema } = this.#next.supergraph
    return !getVariableValues(clientSchema, operation.variableDefinitions ?? [], variables, { maxErrors: 1 }).errors
  }
}

function isSame(one: SubscriptionPlan, other: SubscriptionPlan): boolean {
  return askedBy(one) === askedBy(other)
}

/** All that is asked of subgraphs, and how a stream is taken up again. */
function askedBy({ event, upstream }: SubscriptionPlan): string {
  return JSON.stringify([event.operation.queryPlan, upstream])
}
