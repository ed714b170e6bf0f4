import { setTimeout as delay } from 'node:timers/promises'
import type { ClientSocket } from './client-socket.ts'
import { reconnectSoon, SERVICE_RESTART } from './close-codes.ts'

/** What is kept of the time for those who are slow to say goodbye, in milliseconds, but no more than a quarter of it. */
const LONGEST_MARGIN_MS = 2_000

/**
 * Sends all clients elsewhere, evenly spread over the time, so that they do not come back all at once: the first now, and
 * one with queries or mutations not before these are answered, as long as there is time.
 *
 * @param gone resolves when the last of them has left.
 * @param withinMs after which whoever has not left is cut off.
 */
export async function sendElsewhere(
  clients: readonly ClientSocket[],
  gone: Promise<unknown>,
  withinMs: number,
): Promise<void> {
  const spanMs = withinMs - Math.min(LONGEST_MARGIN_MS, withinMs / 4)
  const over = new AbortController()
  const wait = (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => {})
  const closeAll = async () => {
    const end = wait(spanMs)
    const start = performance.now()
    for (const [index, client] of clients.entries()) {
      const early = start + (spanMs * index) / clients.length - performance.now()
      if (client.isOpen && early > 0) await wait(early)
      void Promise.race([client.allAnswered(), end]).then(() => leave(client))
    }
  }
  void closeAll()
  await Promise.race([gone, wait(withinMs)])
  over.abort()
  for (const client of clients) client.terminate()
}

function leave(client: ClientSocket): void {
  if (client.isOpen) client.close(SERVICE_RESTART, reconnectSoon())
}
