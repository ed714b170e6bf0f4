import { runProcess } from '../platform/process.ts'
import { readLocalConfig } from './config.ts'
import { startLocalGraph } from './graph.ts'
import { welcome } from './welcome.ts'

await runProcess(async () => {
  const config = await readLocalConfig(process.env)
  const graph = await startLocalGraph(config)
  process.stdout.write(welcome(graph, config))
  return graph
})
