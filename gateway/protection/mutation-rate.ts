import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import { RateLimitedError } from '../../platform/errors.ts'
import type { RateLimiter, RateLimiters } from '../../platform/rate-limiter.ts'
import type { Client } from '../identity/client.ts'
import { RateExceededError } from './limit-exceeded-error.ts'
import { countRootFields } from './root-field-limit.ts'

/** A user may save up so many seconds' worth of mutations. */
const BURST_SECONDS = 10

/** How many mutations a signed-in user may make, over all transports; each field of an operation's root is one. */
export class MutationRate {
  readonly #limiter: RateLimiter

  /** @param perSecond on average; ten seconds' worth of them may come at once. */
  constructor(limiters: RateLimiters, perSecond: number) {
    this.#limiter = limiters.create({
      name: 'mutations',
      points: perSecond * BURST_SECONDS,
      seconds: BURST_SECONDS,
      message: `A user makes at most ${perSecond * BURST_SECONDS} mutations in ${BURST_SECONDS} seconds.`,
    })
  }

  /**
   * Counts an operation before it runs. Nobody in particular is not counted: what works signed out has limits of its own.
   *
   * @throws RateExceededError
   */
  async count({ viewer }: Client, document: DocumentNode, operation: OperationDefinitionNode): Promise<void> {
    if (operation.operation !== 'mutation' || !viewer) return
    const mutations = countRootFields(document)(operation)
    await Promise.all(Array.from({ length: mutations }, () => this.#limiter.take(viewer.userId))).catch(refused)
  }
}

/** @throws the error, as one that is counted among those of the gateway. */
function refused(error: unknown): never {
  throw error instanceof RateLimitedError ? new RateExceededError('mutation_rate', error.message) : error
}
