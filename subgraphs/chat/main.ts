import { MemoryEventBus } from '../../platform/memory-event-bus.ts'
import { runProcess } from '../../platform/process.ts'
import { readChatConfig } from './config.ts'
import { startChat } from './subgraph.ts'

await runProcess(readChatConfig, (config) => startChat(config, { bus: new MemoryEventBus() }))
