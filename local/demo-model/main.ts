import { runProcess } from '../../platform/process.ts'
import { readDemoModelConfig } from './config.ts'
import { startDemoModel } from './demo-model.ts'

await runProcess(readDemoModelConfig, async (config) => {
  const model = await startDemoModel(config)
  process.stdout.write(`The demo model answers at ${model.baseUrl}\n`)
  return model
})
