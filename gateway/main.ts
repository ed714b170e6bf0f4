import { openEventBus } from '../platform/event-bus/open-event-bus.ts'
import { FAREWELL_MS } from '../platform/http-server.ts'
import { createLogger } from '../platform/logging.ts'
import { runProcess } from '../platform/process.ts'
import { openAll } from '../platform/resources.ts'
import { readGatewayConfig } from './config.ts'
import { type RunningGateway, startGateway } from './gateway.ts'

let running: RunningGateway | undefined
// From the first moment on, because without this it would end the process.
process.on('SIGHUP', () => void running?.reload())

await runProcess(
  readGatewayConfig,
  (config) =>
    openAll(async (resources) => {
      const { natsUrl, serviceSecret, logLevel: level, logFormat: format } = config
      const logger = createLogger({ name: 'gateway', level, format })
      const bus = resources.use(openEventBus({ natsUrl, serviceSecret, logger }))
      running = resources.use(await startGateway(config, { bus, logger, farewellMs: FAREWELL_MS }))
      return running
    }),
  'gateway',
)
