import { openEventBus } from '../../../platform/event-bus/open-event-bus.ts'
import { createLogger } from '../../../platform/logging.ts'
import { runProcess } from '../../../platform/process.ts'
import { openAll } from '../../../platform/resources.ts'
import { readChatConfig } from '../config.ts'
import { startWorker } from './worker.ts'

await runProcess(
  readChatConfig,
  (config) =>
    openAll(async (resources) => {
      const logger = createLogger({ name: 'worker', ...config.logging })
      const bus = resources.use(openEventBus({ ...config, logger }))
      return resources.use(await startWorker(config, { bus, logger }))
    }),
  'worker',
)
