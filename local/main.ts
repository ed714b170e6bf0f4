import { runProcess } from '../platform/process.ts'
import { readLocalConfig } from './config.ts'
import { startLocalGraph } from './graph.ts'
import { welcome } from './welcome.ts'

await runProcess(
  readLocalConfig,
  async (config) => {
    const graph = await startLocalGraph(config)
    process.stdout.write(welcome(graph, config))
    return graph
  },
  'parley',
)
