/**
 * The doorbell between processes. It promises nothing: a message may be lost, doubled or late, and no guarantee of
 * Parley depends on one arriving. What must not be lost is in Postgres; a message only says that it is worth looking.
 */
export interface EventBus extends AsyncDisposable {
  /** Rings a topic. Never waits and never throws. `payload` must survive JSON. */
  publish(topic: string, payload: unknown): void
  /** Calls `listener` for what arrives on a topic until the returned function is called. The listener must not throw. */
  subscribe(topic: string, listener: (payload: unknown) => void): () => void
}
