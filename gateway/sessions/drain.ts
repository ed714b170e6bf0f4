import { setTimeout as delay } from 'node:timers/promises'

/** What is kept of the time for those who are slow to say goodbye, in milliseconds, but no more than a quarter of it. */
const LONGEST_MARGIN_MS = 2_000

/** Clients that are sent away come back within this time, spread over it, in milliseconds. */
export const RECONNECT_WITHIN_MS = 5_000

/** A client's connection, of whatever transport. */
export interface Connection {
  readonly isOpen: boolean
  /** Resolves when every query and mutation that has begun has been answered, or the connection is over. */
  allAnswered(): Promise<void>
  /** Tells the client to come back, to another process. What runs for it stops at once. */
  sendAway(): void
  /** Cuts it off. */
  terminate(): void
}

/** How far clients have been sent elsewhere. */
export interface Drain {
  /** All of them have been told to go: nothing runs for them any more. Some time is left then. */
  readonly told: Promise<void>
  /** All of them have gone, or the time is up. */
  readonly over: Promise<void>
}

/**
 * Sends all clients elsewhere, evenly spread over the time, so that they do not come back all at once: the first now, and
 * one with queries or mutations not before these are answered, as long as there is time.
 *
 * @param gone resolves when the last of them has left.
 * @param withinMs after which whoever has not left is cut off.
 */
export function sendElsewhere(clients: readonly Connection[], gone: Promise<unknown>, withinMs: number): Drain {
  const spanMs = withinMs - Math.min(LONGEST_MARGIN_MS, withinMs / 4)
  const over = new AbortController()
  const wait = (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => {})
  const tellAll = async () => {
    const end = wait(spanMs)
    const start = performance.now()
    const leaving: Promise<void>[] = []
    for (const [index, client] of clients.entries()) {
      const early = start + (spanMs * index) / clients.length - performance.now()
      if (client.isOpen && early > 0) await wait(early)
      leaving.push(Promise.race([client.allAnswered(), end]).then(() => leave(client)))
    }
    await Promise.all(leaving)
  }
  const cutOff = async () => {
    await Promise.race([gone, wait(withinMs)])
    over.abort()
    for (const client of clients) client.terminate()
  }
  return { told: tellAll(), over: cutOff() }
}

function leave(client: Connection): void {
  if (client.isOpen) client.sendAway()
}
