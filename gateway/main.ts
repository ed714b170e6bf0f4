import { runProcess } from '../platform/process.ts'
import { readGatewayConfig } from './config.ts'
import { startGateway } from './gateway.ts'

await runProcess(readGatewayConfig, (config) => startGateway(config))
