import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** Counts the requests that have no answer yet, so that a shutdown can wait for them. */
export class RequestsInFlight {
  #count = 0
  #whenNone = Promise.withResolvers<void>()

  constructor(server: FastifyInstance) {
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

  /** Resolves when every request has its answer, or the time is up. */
  async finish(withinMs: number): Promise<void> {
    if (this.#count === 0) return
    await Promise.race([this.#whenNone.promise, delay(withinMs, undefined, { ref: false })])
  }
}
