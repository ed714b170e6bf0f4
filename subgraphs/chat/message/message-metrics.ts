import type { Counter } from 'prom-client'
import { counter, createMetrics, type Metrics } from '../../../platform/metrics.ts'
import type { NewMessage } from './store-messages.ts'

type Role = NewMessage['role']

/** Counts the messages that this process stores. */
export class MessageMetrics {
  readonly #totals: Readonly<Record<Role, Counter.Internal>>

  /** @param metrics a collection of its own when not given. */
  constructor(metrics: Metrics = createMetrics()) {
    const totals = counter(metrics, {
      name: 'parley_chat_messages_total',
      help: 'Messages that were stored: of people (USER), and of the assistant (ASSISTANT), whose text comes later.',
      labels: ['role'],
    })
    this.#totals = { USER: totals.labels('USER'), ASSISTANT: totals.labels('ASSISTANT') }
    for (const total of Object.values(this.#totals)) total.inc(0)
  }

  /** Counts messages that are committed. */
  stored(messages: readonly { readonly role: Role }[]): void {
    for (const { role } of messages) this.#totals[role].inc()
  }
}
