import type { BusTraffic } from './bus-traffic.ts'

/**
 * The doorbell between processes. It promises nothing: a message may be lost, doubled, late or out of order, and no guarantee of
 * Parley depends on one arriving. What must not be lost is in Postgres; a message only says that it is worth looking.
 * Everybody hears it, whoever published it included.
 */
export interface EventBus extends AsyncDisposable {
  /**
   * Rings a topic: words separated by slashes. Never waits and never throws. `payload` must survive JSON; one that is
   * larger than 64 KB arrives as null, a ring without its content.
   */
  publish(topic: string, payload: unknown): void
  /**
   * Calls `listener` for what arrives on a topic until the returned function is called. The listener must not throw; if it
   * does, the error is logged and nobody else is hurt.
   */
  subscribe(topic: string, listener: (payload: unknown) => void): () => void
  /**
   * Calls `listener` whenever messages may have been lost without anybody noticing: the connection broke, or is there
   * again. Whoever keeps up with something looks at once. Until the returned function is called.
   */
  onInterruption(listener: () => void): () => void
  /** What it has carried since it was opened; absent where nobody counts. */
  readonly traffic?: BusTraffic
}
