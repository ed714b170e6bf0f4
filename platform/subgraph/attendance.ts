import type { Caller } from './caller.ts'

/** Learns who uses a subgraph, and who follows something there. Its methods must not throw. */
export interface Attendance {
  /** A request of theirs came. */
  requested(caller: Caller): void
  /** A stream of theirs has opened. What it returns is called once, when the stream has ended for whatever reason. */
  opened(caller: Caller): () => void
}
