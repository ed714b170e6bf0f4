import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How far a client has come with what waits for it. */
interface Progress {
  readonly socket: Socket
  /** In bytes. */
  unsent: number
  /** When it last took some. */
  since: number
}

/** How often is looked, in the time that clients have. */
const LOOKS = 4

/**
 * Cuts clients off of which the kernel takes nothing for too long of an answer that is written whole: their own ends are
 * full. It looks at all of them now and then, because an answer is nearly always taken at once: a timer for each would
 * cost each.
 */
export class SlowReaders {
  readonly #responses = new Map<ServerResponse, Progress>()
  #stalledMs: number
  #looking: NodeJS.Timeout | undefined

  /** @param stalledMs after which a client is cut off; it may have a quarter more. */
  constructor(stalledMs: number) {
    this.#stalledMs = stalledMs
  }

  /** A response has begun. */
  add(response: ServerResponse, socket: Socket): void {
    this.#responses.set(response, { socket, unsent: 0, since: 0 })
  }

  /** The client has the whole response, or has gone. */
  delete(response: ServerResponse): void {
    this.#responses.delete(response)
  }

  /** Begins to look. */
  watch(): void {
    this.rest()
    this.#looking = setInterval(() => this.#look(), this.#stalledMs / LOOKS).unref()
  }

  /** Looks no more. */
  rest(): void {
    clearInterval(this.#looking)
  }

  /** From now on clients have no more than so much time. */
  hurry(stalledMs: number): void {
    this.#stalledMs = Math.min(stalledMs, this.#stalledMs)
    this.watch()
  }

  #look(): void {
    const now = performance.now()
    for (const [response, progress] of this.#responses) {
      const unsent = response.writableEnded ? unsentBytes(progress.socket) : 0
      if (unsent !== progress.unsent) {
        progress.unsent = unsent
        progress.since = now
      } else if (unsent > 0 && now - progress.since >= this.#stalledMs) progress.socket.destroy()
    }
  }
}

/** Counts what the kernel has not taken, some of it twice: for comparisons alone. */
function unsentBytes(socket: Socket): number {
  // The kernel takes a large piece bit by bit, of which the stream tells nothing before the whole piece is taken.
  const { _handle: handle } = socket as { _handle?: { readonly writeQueueSize?: number } | null }
  return socket.writableLength + (handle?.writeQueueSize ?? 0)
}
