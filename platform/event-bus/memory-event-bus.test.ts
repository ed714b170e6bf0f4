import { onTestFinished } from 'vitest'
import { HostileBus } from '../../tests/support/hostile-bus.ts'
import type { Logger } from '../logging.ts'
import { testEventBus } from '../testing/event-bus.contract.ts'
import type { EventBus } from './event-bus.ts'
import { openEventBus } from './open-event-bus.ts'

/** Without a URL of NATS. */
const openMemory = (logger: Logger) => openEventBus({ natsUrl: undefined, serviceSecret: undefined, logger })

/** All ends of a bus within one process are the same object. */
async function endsOf(bus: EventBus, count: number): Promise<EventBus[]> {
  onTestFinished(() => bus[Symbol.asyncDispose]())
  return Array.from({ length: count }, () => bus)
}

testEventBus('The memory of one process', { open: (count, logger) => endsOf(openMemory(logger), count) })

testEventBus('A hostile bus that leaves messages alone', {
  open: (count, logger) => {
    const peaceful = { seed: 1, lossRate: 0, doublingRate: 0, longestDelayMs: 0 }
    return endsOf(new HostileBus(openMemory(logger), peaceful), count)
  },
})
