import type { Metrics } from '../../../platform/metrics.ts'
import type { AssistantConfig } from '../config-assistant.ts'
import { ReplyMetrics } from './generation/reply-metrics.ts'
import { Models } from './model/models.ts'
import type { Ledger } from './usage/ledger.ts'
import { PostgresLedger } from './usage/postgres-ledger.ts'

/** What those who ask for replies and those who write them have in common; it keeps nothing in memory. */
export interface AssistantParts {
  readonly models: Models
  readonly ledger: Ledger
  readonly replyMetrics: ReplyMetrics
}

/** The models and the accounts of this configuration. */
export function createAssistantParts(
  config: AssistantConfig,
  { now, metrics }: { now?: (() => Date) | undefined; metrics?: Metrics | undefined } = {},
): AssistantParts {
  const replyMetrics = new ReplyMetrics({ metrics, models: config.models })
  return {
    replyMetrics,
    models: new Models(config.models, config.isDemo),
    ledger: new PostgresLedger({
      dailyTokens: config.dailyTokensPerUser,
      concurrentReplies: config.concurrentRepliesPerUser,
      now,
      onUsed: (model, used) => replyMetrics.used(model, used),
    }),
  }
}
