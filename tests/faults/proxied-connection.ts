import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Direction, Filter, LinkMode } from './link-mode.ts'

/** Of what waits in one direction; beyond it the sender is held back. */
const MAX_WAITING_BYTES = 256 * 1024

interface ConnectionOptions {
  readonly mode: () => LinkMode
  readonly random: () => number
  readonly filter: Filter | undefined
}

/** One connection through a link: what either side sends goes to the other in order, unless the link's mode has it. */
export class ProxiedConnection {
  readonly closed: Promise<void>
  readonly #client: Socket
  readonly #options: ConnectionOptions
  #server: Socket | undefined
  #isTorn = false

  constructor(client: Socket, options: ConnectionOptions) {
    this.#client = client
    this.#options = options
    this.closed = new Promise((resolve) => client.once('close', () => resolve()))
  }

  /** Whether something of it was swallowed. */
  get isTorn(): boolean {
    return this.#isTorn
  }

  /** Leads to this server from now on. */
  join(server: Socket): void {
    this.#server = server
    for (const [from, to] of [
      [this.#client, server],
      [server, this.#client],
    ] as const) {
      from.on('error', () => this.reset())
      from.on('close', () => to.destroy())
    }
    if (this.#client.destroyed) return void server.destroy()
    this.#carry(this.#client, server, 'up')
    this.#carry(server, this.#client, 'down')
  }

  /** Leads nowhere: what the client sends is lost. */
  swallow(): void {
    this.#isTorn = true
    this.#client.resume()
  }

  /** Ends it on both sides with a TCP reset. */
  reset(): void {
    reset(this.#client)
    if (this.#server) reset(this.#server)
  }

  #carry(from: Socket, to: Socket, direction: Direction): void {
    const lane = new Lane(from, to)
    from.on('data', (chunk: Buffer) => {
      const mode = this.#options.mode()
      if (isSwallowed(mode, direction)) this.#isTorn = true
      else if (mode.kind === 'unanswered' && direction === 'down' && this.#options.random() < mode.chance) this.reset()
      else lane.add(this.#filtered(chunk, direction), this.#waitFor(mode, chunk.length))
    })
    from.on('end', () => {
      if (isSwallowed(this.#options.mode(), direction)) this.#isTorn = true
      else lane.end()
    })
  }

  #filtered(chunk: Buffer, direction: Direction): Buffer {
    const { filter } = this.#options
    return filter && direction === 'down' ? filter(chunk) : chunk
  }

  /** How long the chunk is on its way, in milliseconds, and whether the next one has to wait for it. */
  #waitFor(mode: LinkMode, bytes: number): Wait {
    if (mode.kind === 'throttle') return { ms: (bytes / mode.bytesPerSecond) * 1_000, blocksNext: true }
    if (mode.kind !== 'delay') return { ms: 0, blocksNext: false }
    return { ms: mode.ms + (this.#options.random() * 2 - 1) * mode.jitterMs, blocksNext: false }
  }
}

const isSwallowed = (mode: LinkMode, direction: Direction) =>
  mode.kind === 'blackhole' && (mode.direction ?? direction) === direction

/** A socket in the file system knows no reset. */
function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy()
  else socket.resetAndDestroy()
}

interface Wait {
  readonly ms: number
  readonly blocksNext: boolean
}

/** What is on its way in one direction. */
class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #waiting: { readonly chunk: Buffer; readonly dueAt: number }[] = []
  #waitingBytes = 0
  #lastDueAt = 0
  #isMoving = false
  #ends = false

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
  }

  add(chunk: Buffer, { ms, blocksNext }: Wait): void {
    const now = performance.now()
    this.#lastDueAt = blocksNext ? Math.max(this.#lastDueAt, now) + ms : Math.max(this.#lastDueAt, now + ms)
    this.#waiting.push({ chunk, dueAt: this.#lastDueAt })
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#from.pause()
    if (!this.#isMoving) void this.#move()
  }

  end(): void {
    this.#ends = true
    if (!this.#isMoving) this.#to.end()
  }

  async #move(): Promise<void> {
    this.#isMoving = true
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const early = next.dueAt - performance.now()
      if (early > 0) await delay(early)
      this.#waitingBytes -= next.chunk.length
      if (this.#to.destroyed) break
      if (!this.#to.write(next.chunk))
        await Promise.race([once(this.#to, 'drain'), once(this.#to, 'close')]).catch(ignore)
      if (this.#waitingBytes <= MAX_WAITING_BYTES) this.#from.resume()
    }
    this.#isMoving = false
    if (this.#ends) this.#to.end()
  }
}

/** A socket's error is handled where the connection is. */
function ignore(): void {}
