import { openEventBus } from '../../platform/event-bus/open-event-bus.ts'
import { FAREWELL_MS } from '../../platform/http-server.ts'
import { createLogger } from '../../platform/logging.ts'
import { runProcess } from '../../platform/process.ts'
import { openAll } from '../../platform/resources.ts'
import { readAuthConfig } from './config.ts'
import { startAuth } from './subgraph.ts'

await runProcess(
  readAuthConfig,
  (config) =>
    openAll(async (resources) => {
      const logger = createLogger({ name: 'auth', ...config.logging })
      const bus = resources.use(openEventBus({ ...config, logger }))
      return resources.use(await startAuth(config, { bus, logger, farewellMs: FAREWELL_MS }))
    }),
  'auth',
)
