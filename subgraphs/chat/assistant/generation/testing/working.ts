import { createLogger, type Logger } from '../../../../../platform/logging.ts'
import type { ScriptedModel } from '../../../../../tests/support/scripted-model.ts'
import type { AssistantConfig } from '../../../config-assistant.ts'
import { ConversationChanges } from '../../../conversation/conversation-change.ts'
import type { ChatFixture } from '../../../testing/chat-fixture.ts'
import { type AssistantWorkerOptions, startAssistantWorker } from '../../assistant-worker.ts'

/** What a test has otherwise than usual. */
export type WorkOptions = Partial<Pick<AssistantWorkerOptions, 'times' | 'tools' | 'steps' | 'backlogEveryMs'>> & {
  readonly config?: Partial<AssistantConfig>
  /** Is told what the worker logs from `info` up. */
  readonly onLog?: (line: string) => void
  /** Logs in place of one that tells `onLog`. */
  readonly logger?: Logger
}

/** Has a worker of this process write the replies that are asked for in a fixture, by a scripted model. */
export function startWork(chat: ChatFixture, model: ScriptedModel, options: WorkOptions = {}): AsyncDisposable {
  const { config, onLog, logger = loggerThatTells(onLog), ...more } = options
  const { fork, bus, metrics } = chat
  return startAssistantWorker({
    ...{ fork, bus, logger, metrics, ...more },
    changes: new ConversationChanges({ bus }),
    people: { namesOf: async () => new Map() },
    config: {
      endpoints: [{ name: 'scripted', baseUrl: model.baseUrl, apiKey: undefined }],
      models: [{ id: 'a-model' }],
      isDemo: false,
      idleTimeoutMs: 600_000,
      contextTokens: 1_000,
      dailyTokensPerUser: null,
      concurrentRepliesPerUser: 32,
      moderation: null,
      runsWorker: true,
      ...config,
    },
  })
}

function loggerThatTells(onLog: WorkOptions['onLog']): Logger {
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  for (const level of ['info', 'warn', 'error'] as const) {
    logger[level] = (_: unknown, message?: string) => onLog?.(`${level}: ${message}`)
  }
  return logger
}
