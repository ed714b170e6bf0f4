import type { EntityManager } from '@mikro-orm/postgresql'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import type { Logger } from '../../../platform/logging.ts'
import type { Metrics } from '../../../platform/metrics.ts'
import { ResourceGroup } from '../../../platform/resources.ts'
import type { AssistantConfig } from '../config-assistant.ts'
import type { ConversationChanges } from '../conversation/conversation-change.ts'
import type { NameDirectory } from '../conversation/people.ts'
import { createAssistantParts } from './assistant-parts.ts'
import type { LeaseTimes } from './generation/chunk-flusher.ts'
import { ReplyWorker, type ReplyWorkerOptions } from './generation/reply-worker.ts'
import { WorkerMetrics } from './generation/worker-metrics.ts'
import { OpenAiModel } from './model/openai-model.ts'
import { ProviderMetrics } from './model/provider-metrics.ts'
import { createModerator } from './moderation/create-moderator.ts'
import { Prompts } from './prompt/prompt.ts'
import { TaskWorker } from './tasks/task-worker.ts'
import type { Tool } from './tools/tool.ts'
import { ToolSteps } from './tools/tool-steps.ts'
import { createTools } from './tools/tools.ts'

export interface AssistantWorkerOptions {
  /** A new entity manager for each step. */
  readonly fork: () => EntityManager
  readonly bus: EventBus
  readonly changes: ConversationChanges
  /** Who knows what people are called. */
  readonly people: NameDirectory
  readonly config: AssistantConfig
  readonly logger: Logger
  readonly times?: LeaseTimes | undefined
  /** Tools beside those that Parley has. */
  readonly tools?: readonly Tool[] | undefined
  readonly steps?: ReplyWorkerOptions['steps']
  readonly now?: (() => Date) | undefined
  readonly metrics?: Metrics | undefined
  /** How often it is seen how many replies wait, in milliseconds. */
  readonly backlogEveryMs?: number | undefined
}

/**
 * Starts what writes replies, titles and summaries, in a chat process or in one of its own: as many of them as one likes
 * work on one database. Stopping it hands over what is under way.
 */
export function startAssistantWorker(options: AssistantWorkerOptions): AsyncDisposable {
  const { fork, bus, changes, people, config, logger, times, steps, metrics, backlogEveryMs } = options
  const { models, ledger, replyMetrics } = createAssistantParts(config, options)
  const { endpoints, idleTimeoutMs, contextTokens, doubts = [] } = config
  for (const doubt of doubts) logger.warn(doubt)
  const model = new OpenAiModel({ endpoints, models, idleTimeoutMs, logger, metrics: new ProviderMetrics(metrics) })
  const prompts = new Prompts({ models, contextTokens, people })
  const tools = new ToolSteps({ fork, bus, ledger, models, tools: createTools(options.tools), logger })
  const moderator = createModerator(config.moderation)
  const boundsAnswers = config.dailyTokensPerUser !== null
  const common = { fork, bus, model, prompts, ledger, logger }
  const told = { replyMetrics, workerMetrics: new WorkerMetrics({ metrics, models: config.models }), backlogEveryMs }
  const group = new ResourceGroup()
  group.use(new ReplyWorker({ ...common, ...told, models, tools, moderator, boundsAnswers, times, steps }))
  group.use(new TaskWorker({ ...common, changes }))
  return group
}
