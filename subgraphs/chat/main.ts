import { openEventBus } from '../../platform/event-bus/open-event-bus.ts'
import { FAREWELL_MS } from '../../platform/http-server.ts'
import { createLogger } from '../../platform/logging.ts'
import { runProcess } from '../../platform/process.ts'
import { openAll } from '../../platform/resources.ts'
import { readChatConfig } from './config.ts'
import { startChat } from './subgraph.ts'

await runProcess(
  readChatConfig,
  (config) =>
    openAll(async (resources) => {
      const logger = createLogger({ name: 'chat', ...config.logging })
      const bus = resources.use(openEventBus({ ...config, logger }))
      return resources.use(await startChat(config, { bus, logger, farewellMs: FAREWELL_MS }))
    }),
  'chat',
)
