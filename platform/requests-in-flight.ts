import { setTimeout as delay, setImmediate as nextRound } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** Counts the requests that have no answer yet, so that a shutdown can wait for them. */
export class RequestsInFlight {
  readonly #server: FastifyInstance
  #count = 0
  #whenNone = Promise.withResolvers<void>()

  constructor(server: FastifyInstance) {
    this.#server = server
    server.addHook('onRequest', async (_request, reply) => {
      this.#count += 1
      reply.raw.once('close', () => {
        this.#count -= 1
        if (this.#count > 0) return
        this.#whenNone.resolve()
        this.#whenNone = Promise.withResolvers()
      })
    })
  }

  /**
   * Takes no more connections, so that requests come to an end; resolves when every one that has come has its answer, or
   * the time is up.
   */
  async finish(withinMs: number): Promise<void> {
    // Before it is known that nothing is asked: what comes between the two would be cut off in the middle.
    this.#server.server.close()
    await Promise.race([this.#allAnswered(), delay(withinMs, undefined, { ref: false })])
  }

  async #allAnswered(): Promise<void> {
    // A round, because what had arrived before the door was closed may not have been read yet.
    for (await nextRound(); this.#count > 0; await nextRound()) await this.#whenNone.promise
  }
}
