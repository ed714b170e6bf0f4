import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { observeEventBus } from '../../../platform/event-bus/observe-event-bus.ts'
import { createHttpServer, listen } from '../../../platform/http-server.ts'
import type { Logger } from '../../../platform/logging.ts'
import { createMetrics, type Metrics } from '../../../platform/metrics.ts'
import { openAll, type Resources } from '../../../platform/resources.ts'
import { ServiceClient } from '../../../platform/service-client.ts'
import { signerWith } from '../../../platform/service-signature.ts'
import { ShutdownTime } from '../../../platform/shutdown-time.ts'
import type { RunningServer } from '../../../platform/subgraph/server.ts'
import { type AssistantWorkerOptions, startAssistantWorker } from '../assistant/assistant-worker.ts'
import type { ChatConfig } from '../config.ts'
import { ConversationChanges } from '../conversation/conversation-change.ts'
import { RemotePeople } from '../conversation/people.ts'
import { openChatDatabase } from '../database.ts'

/** What is shared with other processes, and what tests put in place of the defaults. */
export interface WorkerOverrides extends Pick<AssistantWorkerOptions, 'bus' | 'logger' | 'times' | 'steps' | 'now'> {
  readonly bus: EventBus
}

/**
 * Starts a process that writes replies and does nothing else: it answers `/health`, `/ready` and `/metrics`, and no
 * GraphQL. As many of them as one likes share the replies of one database.
 */
export function startWorker(
  config: ChatConfig,
  { bus, logger, times, steps, now }: WorkerOverrides,
): Promise<RunningServer> {
  return openAll(async (resources) => {
    const metrics = createMetrics('worker')
    observeEventBus(metrics, bus)
    const orm = await openChatDatabase(config.databaseUrl, logger, metrics)
    resources.defer(() => orm.close(true))
    const fork = () => orm.em.fork()
    const shutdown = new ShutdownTime(config.shutdownGraceMs)
    const isReady = async () => void (await fork().execute('SELECT 1'))
    const bound = await serve(resources, config, { logger, metrics, shutdown, isReady })
    const signer = signerWith(config.serviceSecret, now)
    const people = new RemotePeople(new ServiceClient({ service: 'auth', origin: config.authUrl, signer }))
    const changes = new ConversationChanges({ bus })
    const parts = { fork, bus, changes, people, config: config.assistant, logger, metrics }
    resources.use(startAssistantWorker({ ...parts, times, steps, now }))
    resources.defer(() => shutdown.begin())
    return bound
  })
}

async function serve(
  resources: Resources,
  config: ChatConfig,
  parts: { logger: Logger; metrics: Metrics; shutdown: ShutdownTime; isReady: () => Promise<void> },
): Promise<Pick<RunningServer, 'url' | 'port'>> {
  const server = createHttpServer({ ...parts, ready: parts.isReady })
  resources.defer(() => server.close())
  return listen(server, config.workerAddress)
}
