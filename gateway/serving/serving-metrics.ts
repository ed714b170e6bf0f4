import type { Metrics } from '../../platform/metrics.ts'
import { CacheRequests } from '../cache-requests.ts'
import { PlanningMetrics } from '../execution/planning-metrics.ts'
import { SubscriptionMetrics } from '../subscriptions/subscription-metrics.ts'

/** What is counted over all supergraphs, however often one takes the place of another. */
export class ServingMetrics {
  readonly planning: PlanningMetrics
  readonly subscriptions: SubscriptionMetrics
  readonly documents: CacheRequests

  constructor(metrics: Metrics) {
    this.planning = new PlanningMetrics(metrics)
    this.subscriptions = new SubscriptionMetrics(metrics)
    this.documents = new CacheRequests(metrics, {
      name: 'parley_gateway_document_cache_requests_total',
      help: 'Documents that clients sent or named: read before, or to be read. Trusted documents are not cached.',
    })
  }
}
