import { runProcess } from '../../platform/process.ts'
import { readAuthConfig } from './config.ts'
import { startAuth } from './subgraph.ts'

await runProcess(readAuthConfig, (config) => startAuth(config))
