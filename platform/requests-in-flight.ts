import { AsyncResource } from 'node:async_hooks'
import { Server, type Socket } from 'node:net'
import { setTimeout as delay, setImmediate as nextRound } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SlowReaders } from './slow-readers.ts'

/** Requests that one connection may send before it has the answers of those that it sent earlier. */
const MAX_WAITING = 100

/** For a client that takes nothing of its answer while the server stops, in milliseconds, but no more than a quarter of the time. */
const LONGEST_MARGIN_MS = 2_000

/** A connection, and the requests on it that wait for the answer of the one before. */
interface Connection {
  /** Takes the request that is being answered for answered. */
  end: (() => void) | undefined
  readonly waiting: (() => void)[]
}

/**
 * Counts the requests that have no answer yet, so that a shutdown can wait for them, and cuts the clients off that do not
 * take theirs. The requests of one connection run one after the other (RFC 9112 §9.3.2 asks for it where they change
 * anything): so no more than one answer waits for a client that reads nothing.
 */
export class RequestsInFlight {
  readonly #server: FastifyInstance
  readonly #connections = new WeakMap<Socket, Connection>()
  readonly #slowReaders: SlowReaders
  readonly #farewellMs: number
  /** Those that speak HTTP: a WebSocket says goodbye in its own way. */
  readonly #open = new Set<Socket>()
  #whenGone: (() => void) | undefined
  #count = 0
  #whenNone = Promise.withResolvers<void>()

  /**
   * @param times.stalledMs after which a client is cut off that takes nothing of an answer.
   * @param times.farewellMs for which connections stay on which nothing is asked: a client that is busy uses each of its own once
   *   more meanwhile, and is told with the answer that it ends. To end one at once may cross a request that is on its way.
   */
  constructor(server: FastifyInstance, { stalledMs, farewellMs }: { stalledMs: number; farewellMs: number }) {
    this.#server = server
    this.#farewellMs = farewellMs
    this.#slowReaders = new SlowReaders(stalledMs)
    server.server.on('connection', (socket) => this.#keep(socket)).on('upgrade', ({ socket }) => this.#forget(socket))
    server.addHook('onListen', async () => this.#slowReaders.watch())
    server.addHook('onClose', async () => this.#slowReaders.rest())
    server.addHook('onRequest', (request, reply, done) => this.#come(request, reply, done))
  }

  /**
   * Takes no more connections, so that requests come to an end; resolves when every one that has come has its answer and
   * clients had the time to leave, or the time is up. A client that takes nothing of its answer is not waited for.
   */
  async finish(withinMs: number): Promise<void> {
    // Before it is known that nothing is asked: what comes between the two would be cut off in the middle. HTTP's own
    // `close` ends at once what is idle.
    Server.prototype.close.call(this.#server.server)
    this.#slowReaders.hurry(Math.min(LONGEST_MARGIN_MS, withinMs / 4))
    await Promise.race([this.#lastOnes(), delay(withinMs, undefined, { ref: false })])
  }

  async #lastOnes(): Promise<void> {
    const { promise: allGone, resolve } = Promise.withResolvers<void>()
    this.#whenGone = resolve
    if (this.#open.size > 0) await Promise.race([allGone, delay(this.#farewellMs, undefined, { ref: false })])
    await this.#allAnswered()
  }

  #keep(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => this.#forget(socket))
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket)
    if (this.#open.size === 0) this.#whenGone?.()
  }

  async #allAnswered(): Promise<void> {
    // A round, because what had arrived before the door was closed may not have been read yet.
    for (await nextRound(); this.#count > 0; await nextRound()) await this.#whenNone.promise
  }

  #come(request: FastifyRequest, reply: FastifyReply, run: () => void): void {
    const { socket } = request.raw
    const connection = this.#connectionOf(socket)
    if (!connection.end) {
      this.#begin(connection, socket, reply)
      run()
    } else if (connection.waiting.length < MAX_WAITING) {
      // What runs next is not a part of what ran before.
      connection.waiting.push(AsyncResource.bind(() => this.#next(connection, request, reply, run)))
    } else {
      reply.hijack()
      socket.destroy()
    }
  }

  #next(connection: Connection, { raw: { socket } }: FastifyRequest, reply: FastifyReply, run: () => void): void {
    this.#begin(connection, socket, reply)
    if (socket.writable) run()
    else {
      reply.hijack()
      connection.end?.()
    }
  }

  #connectionOf(socket: Socket): Connection {
    const known = this.#connections.get(socket)
    if (known) return known
    const connection: Connection = { end: undefined, waiting: [] }
    this.#connections.set(socket, connection)
    // Not every response is told.
    socket.once('close', () => connection.end?.())
    return connection
  }

  #begin(connection: Connection, socket: Socket, { raw }: FastifyReply): void {
    this.#count += 1
    this.#slowReaders.add(raw, socket)
    const end = () => {
      if (connection.end !== end) return
      connection.end = undefined
      this.#slowReaders.delete(raw)
      connection.waiting.shift()?.()
      this.#ended()
    }
    connection.end = end
    raw.once('close', end)
  }

  #ended(): void {
    this.#count -= 1
    if (this.#count > 0) return
    this.#whenNone.resolve()
    this.#whenNone = Promise.withResolvers()
  }
}
