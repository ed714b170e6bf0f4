import { operationFromDocument } from '@apollo/federation-internals'
import type { FetchNode } from '@apollo/query-planner'
import type { DocumentNode } from 'graphql'
import { BadUserInputError } from '../../platform/errors.ts'
import { LruCache } from '../../platform/lru-cache.ts'
import { type EventPlan, eventPlan } from '../execution/event-executor.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { type UpstreamOperations, upstreamOperations } from '../upstream/upstream-operations.ts'

/** All cached plans together, in characters of their operations; a plan takes about a hundred times as many bytes. */
const MAX_CACHED_CHARACTERS = 200_000

/** Where a subscription's events come from, and how each is completed. */
export interface SubscriptionPlan {
  /** Of this plan and no other. */
  readonly id: number
  /** As the planner made it; what is sent is `upstream`. */
  readonly primary: FetchNode
  readonly upstream: UpstreamOperations
  readonly event: EventPlan
}

/** Plans subscriptions, each operation once. */
export class SubscriptionPlanner {
  readonly #supergraph: LoadedSupergraph
  readonly #plans = new LruCache<SubscriptionPlan>(MAX_CACHED_CHARACTERS)
  #made = 0

  constructor(supergraph: LoadedSupergraph) {
    this.#supergraph = supergraph
  }

  /** @param document the valid document behind `source`. */
  plan(source: string, document: DocumentNode, operationName: string | undefined): SubscriptionPlan {
    const key = JSON.stringify([operationName, source])
    const plan = this.#plans.get(key) ?? this.#build(document, operationName)
    this.#plans.set(key, plan, key.length)
    return plan
  }

  #build(document: DocumentNode, operationName: string | undefined): SubscriptionPlan {
    const { planner, plannedSchema, delivery } = this.#supergraph
    const options = operationName ? { operationName } : {}
    const { node } = planner.buildQueryPlan(operationFromDocument(plannedSchema, document, options))
    if (!node) throw new BadUserInputError('The subscription selects nothing: @skip or @include leave all of it out.')
    if (node.kind !== 'Subscription') throw new Error(`The plan of a subscription begins with ${node.kind}.`)
    const event = eventPlan(this.#supergraph, { document, operationName }, node.primary, node.rest)
    this.#made += 1
    return { id: this.#made, primary: node.primary, upstream: upstreamOperations(node.primary, delivery), event }
  }
}
