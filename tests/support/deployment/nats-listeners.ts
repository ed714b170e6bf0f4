import { setTimeout as delay } from 'node:timers/promises'
import type { ListenerCount } from '../graph-options.ts'

const LOOK_EVERY_MS = 20
/** More than any test has; NATS gives 1,024 when it is not asked for more. */
const LIMIT = 100_000

/** Counts who listens by asking NATS what its clients are subscribed to. */
export class NatsListeners implements ListenerCount {
  readonly #url: string

  /** @param monitorUrl where NATS tells of itself. */
  constructor(monitorUrl: string) {
    this.#url = `${monitorUrl}/subsz?subs=1&limit=${LIMIT}`
  }

  async count(prefix: string): Promise<number> {
    const response = await fetch(this.#url)
    const { subscriptions_list: listeners = [] } = (await response.json()) as {
      subscriptions_list?: { subject: string }[]
    }
    const subject = `parley.${prefix.replaceAll('/', '.')}`
    return listeners.filter((listener) => listener.subject.startsWith(subject)).length
  }

  async until(prefix: string, count: number): Promise<void> {
    while ((await this.count(prefix)) !== count) await delay(LOOK_EVERY_MS)
  }
}
