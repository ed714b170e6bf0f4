/**
 * Why a message was dropped: `disconnected`: the server was away. `backlog`: it had not confirmed what came before.
 * `refused`: it, or its client, does not take such a message. `foreign`: this graph did not write what arrived.
 */
export type DropReason = 'disconnected' | 'backlog' | 'refused' | 'foreign'

/** What one process's end of a bus has carried since it was opened. */
export interface BusTraffic {
  /** Whether others can be heard. */
  readonly isConnected: boolean
  /** How often messages may have been lost: the connection broke, or this process was too slow for it. */
  readonly interruptions: number
  /** Messages that were handed over to be delivered. */
  readonly published: number
  /** Messages that arrived for somebody who listens here, each counted once. */
  readonly received: number
  readonly dropped: Readonly<Record<DropReason, number>>
}

/** Counts it. Plain numbers: a message costs one addition. */
export class BusCounts implements BusTraffic {
  isConnected = false
  interruptions = 0
  published = 0
  received = 0
  readonly dropped: Record<DropReason, number> = { disconnected: 0, backlog: 0, refused: 0, foreign: 0 }
}
