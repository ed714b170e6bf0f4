/**
 * A worker in a process of its own that kills itself at the step of its first reply that CRASH_AT names; without it, a
 * worker like any other. Its leases last until the test lets them run out.
 */
import { MemoryEventBus } from '../../platform/event-bus/memory-event-bus.ts'
import { createLogger } from '../../platform/logging.ts'
import { runProcess } from '../../platform/process.ts'
import { readChatConfig } from '../../subgraphs/chat/config.ts'
import { startWorker } from '../../subgraphs/chat/worker/worker.ts'

const TIMES = { leaseMs: 600_000, heartbeatMs: 1_000, giveUpMs: 60_000 }

await runProcess(readChatConfig, (config) =>
  startWorker(config, {
    bus: new MemoryEventBus(),
    logger: createLogger({ name: 'worker', ...config.logging }),
    times: TIMES,
    async steps(step) {
      if (step !== process.env.CRASH_AT) return
      process.kill(process.pid, 'SIGKILL')
      await new Promise(() => undefined)
    },
  }),
)
