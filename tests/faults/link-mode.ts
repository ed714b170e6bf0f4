/** Which way bytes go: `up` to the server, `down` to the client. */
export type Direction = 'up' | 'down'

/** What a link does to the bytes that cross it. */
export type LinkMode =
  | { readonly kind: 'pass' }
  /** Every chunk comes later by `ms`, give or take `jitterMs`; the order stays. */
  | { readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** Connections are accepted and what crosses them is swallowed: all of it, or what goes in one direction. */
  | { readonly kind: 'blackhole'; readonly direction?: Direction }
  /** New connections are reset. */
  | { readonly kind: 'refuse' }
  /** Requests go through; with this chance the connection is reset instead of what the server answers. */
  | { readonly kind: 'unanswered'; readonly chance: number }

/** Looks at what the servers send and returns what of it goes on; one for each connection. */
export type Filter = (chunk: Buffer) => Buffer
