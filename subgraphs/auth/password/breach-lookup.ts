import type { Logger } from '../../../platform/logging.ts'

/** A sign-up waits so long for somebody else's server, in milliseconds. */
const PATIENCE_MS = 2_000

/** Knows passwords that were in a breach of some other service. */
export interface BreachLookup {
  /** False as well when that cannot be found out. */
  isBreached(password: string): Promise<boolean>
}

/**
 * Looks passwords up by k-anonymity, as Have I Been Pwned offers it: of the password's SHA-1 only the first 20 bits leave
 * the process, and the answer, padded so that its length tells nothing, holds all the rest that begin so.
 *
 * @param baseUrl the range API, such as `https://api.pwnedpasswords.com`; without one no password is breached.
 */
export function openBreachLookup(baseUrl: string | undefined, logger: Logger): BreachLookup {
  if (baseUrl === undefined) return { isBreached: async () => false }
  return {
    async isBreached(password) {
      try {
        const { pwnedPassword } = await import('hibp')
        return (await pwnedPassword(password, { baseUrl, timeoutMs: PATIENCE_MS, addPadding: true })) > 0
      } catch (error) {
        // Not its message, which may name the URL asked for and with it the 20 bits.
        const reason = error instanceof Error ? error.name : 'unknown'
        logger.warn(
          { reason },
          'A new password was not looked up among those of breaches: the service does not answer.',
        )
        return false
      }
    },
  }
}
