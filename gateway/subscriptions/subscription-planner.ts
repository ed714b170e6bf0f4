import type { FetchNode } from '@apollo/query-planner'
import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql'
import { ApplicationError, BadUserInputError } from '../../platform/errors.ts'
import { LruCache } from '../../platform/lru-cache.ts'
import type { Denials } from '../authorization/denials.ts'
import { unauthorizedError } from '../authorization/unauthorized-error.ts'
import type { ClientOperation } from '../execution/compiled-operation.ts'
import { type EventPlan, eventPlan } from '../execution/event-executor.ts'
import { compileOperation } from '../execution/operation-plans.ts'
import { PlanningMetrics } from '../execution/planning-metrics.ts'
import { sha256 } from '../protection/document-reader.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { type UpstreamOperations, upstreamOperations } from '../upstream/upstream-operations.ts'
import { covers } from './selection-cover.ts'
import type { SubscriptionRequest } from './subscription-request.ts'

/** All cached plans together, in characters of their operations; a plan takes about a hundred times as many bytes. */
const MAX_CACHED_CHARACTERS = 200_000

/** Where a subscription's events come from, and how each is completed. */
export interface SubscriptionPlan {
  /** Of this plan and no other of this process: plans of several supergraphs are in use while one replaces another. */
  readonly id: number
  /** As the planner made it; what is sent is `upstream`. */
  readonly primary: FetchNode
  readonly upstream: UpstreamOperations
  readonly event: EventPlan
  /** What its viewers may not see; undefined when that is nothing. */
  readonly denials: Denials | undefined
}

/** How many plans for fewer rights are kept for each. */
const MAX_NARROWED = 100

/** Undefined where the events do not have what it would ask for. */
interface NarrowedPlan {
  readonly plan: SubscriptionPlan | undefined
}

/** What a client asked for. */
type AskedSubscription = Pick<SubscriptionRequest, 'document' | 'operation'>

/** Plans subscriptions, each operation once. */
export class SubscriptionPlanner {
  readonly #supergraph: LoadedSupergraph
  readonly #plans = new LruCache<SubscriptionPlan>(MAX_CACHED_CHARACTERS)
  readonly #narrowed = new WeakMap<SubscriptionPlan, LruCache<NarrowedPlan>>()
  readonly #metrics: PlanningMetrics
  static #made = 0

  constructor(supergraph: LoadedSupergraph, metrics = new PlanningMetrics()) {
    this.#supergraph = supergraph
    this.#metrics = metrics
  }

  /** How many plans are kept, without those for fewer rights. */
  get size(): number {
    return this.#plans.size
  }

  /**
   * @param document the valid document behind `source`.
   * @param denials what the viewer may not see.
   * @throws GraphQLError of the code UNAUTHORIZED_FIELD_OR_TYPE when they may not see the root field.
   */
  plan(source: string, document: DocumentNode, operationName: string | undefined, denials?: Denials): SubscriptionPlan {
    const key = sha256(JSON.stringify([operationName, source, denials?.key]))
    const known = this.#plans.get(key)
    this.#metrics.cache[known ? 'hit' : 'miss']()
    const plan = known ?? this.#metrics.time(() => this.#build(document, operationName, denials))
    // However long it is, by white space and comments too: it would be planned each time, and share no events.
    this.#plans.set(key, plan, Math.min(source.length, MAX_CACHED_CHARACTERS / 10))
    return plan
  }

  /**
   * The plan by which the events of a subscription are completed when its viewer may see less than when it was opened.
   *
   * @throws GraphQLError of the code UNAUTHORIZED_FIELD_OR_TYPE when they may not see the root field any more.
   * @throws ApplicationError of the same code when the events do not have what is now to be asked for.
   */
  narrowed(opened: SubscriptionPlan, request: AskedSubscription, denials: Denials): SubscriptionPlan {
    const plans = this.#narrowed.get(opened) ?? new LruCache<NarrowedPlan>(MAX_NARROWED)
    this.#narrowed.set(opened, plans)
    const narrowed = plans.get(denials.key) ?? this.#narrow(opened, request, denials)
    plans.set(denials.key, narrowed, 1)
    if (narrowed.plan) return narrowed.plan
    const message = 'You may see less than when you subscribed: subscribe again.'
    throw new ApplicationError('UNAUTHORIZED_FIELD_OR_TYPE', message)
  }

  #narrow(opened: SubscriptionPlan, { document, operation }: AskedSubscription, denials: Denials): NarrowedPlan {
    const plan = this.#build(document, operation.name?.value, denials)
    const isAnswered = covers(this.#supergraph.joinedSchema, opened.primary.operation, plan.primary.operation)
    return { plan: isAnswered ? plan : undefined }
  }

  #build(document: DocumentNode, operationName: string | undefined, denials: Denials | undefined): SubscriptionPlan {
    const operation = compileOperation(this.#supergraph, document, operationName, denials)
    const { node } = operation.queryPlan
    if (!node && denials) throw unauthorizedError(rootKeys(operation, operation.operation.selectionSet))
    if (!node) throw new BadUserInputError('The subscription selects nothing: @skip or @include leave all of it out.')
    if (node.kind !== 'Subscription') throw new Error(`The plan of a subscription begins with ${node.kind}.`)
    const event = eventPlan(this.#supergraph, operation, node.rest)
    const upstream = upstreamOperations(node.primary, this.#supergraph.delivery)
    SubscriptionPlanner.#made += 1
    return { id: SubscriptionPlanner.#made, primary: node.primary, upstream, event, denials }
  }
}

/** The response keys of an operation's root; a subscription has one. */
function rootKeys({ fragments }: Pick<ClientOperation, 'fragments'>, { selections }: SelectionSetNode): string[] {
  const keys = selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [(selection.alias ?? selection.name).value]
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
    return fragment ? rootKeys({ fragments }, fragment.selectionSet) : []
  })
  return keys.slice(0, 1)
}
