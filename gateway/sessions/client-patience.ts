/** How long a client has on a connection, in milliseconds. */
export interface ClientPatience {
  /** Between two signs of life of ours. On a socket these are pings (RFC 6455 §5.5.2), each to be answered before the next. */
  readonly pingIntervalMs: number
  /** To take some of what waits to be sent. */
  readonly stalledMs: number
}

/** What clients have unless a test says otherwise. */
export const CLIENT_PATIENCE: ClientPatience = { pingIntervalMs: 12_000, stalledMs: 30_000 }
