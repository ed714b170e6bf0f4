import type { Logger } from '../logging.ts'
import type { EventBus } from './event-bus.ts'
import { MemoryEventBus } from './memory-event-bus.ts'
import { NatsEventBus } from './nats/nats-event-bus.ts'

/**
 * Opens the bus of a process: NATS, shared by all processes with the same URL and secret, or else one of its own, over
 * which the others are not heard. It waits for nothing; whoever opens it disposes it.
 *
 * @throws TypeError for a NATS URL that configuration would have refused.
 */
export function openEventBus(options: {
  natsUrl: string | undefined
  serviceSecret: string | undefined
  logger: Logger
}): EventBus {
  const { natsUrl: url, ...rest } = options
  return url === undefined ? new MemoryEventBus(rest) : new NatsEventBus({ url, ...rest })
}
