import { z } from 'zod'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import { type ServiceSigner, SIGNATURE_HEADER } from '../../../platform/service-signature.ts'

/** What chat must know of people. Auth owns them; chat only asks. */
export interface People {
  /**
   * Which of these users (UUIDs, at most 100) exist.
   *
   * @throws SubgraphUnavailableError
   */
  existing(userIds: string[]): Promise<Set<string>>
}

const PATH = '/internal/users'
const TIMEOUT_MS = 5_000

const answer = z.object({ users: z.array(z.object({ id: z.string() })) })

/** Asks the auth service, with a signed call. */
export class RemotePeople implements People {
  readonly #origin: string
  readonly #signer: ServiceSigner | undefined

  constructor(options: { origin: string; signer: ServiceSigner | undefined }) {
    this.#origin = options.origin
    this.#signer = options.signer
  }

  async existing(userIds: string[]): Promise<Set<string>> {
    if (userIds.length === 0) return new Set()
    const body = JSON.stringify({ ids: userIds.map((id) => encodeId('usr', id)) })
    try {
      const response = await fetch(`${this.#origin}${PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.#signature(body) },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      if (!response.ok) throw new Error(`${PATH} answered ${response.status}`)
      const { users } = answer.parse(await response.json())
      return new Set(users.map((user) => decodeId('usr', user.id)))
    } catch (error) {
      throw new SubgraphUnavailableError('auth', { cause: error })
    }
  }

  #signature(body: string): Record<string, string> {
    return this.#signer ? { [SIGNATURE_HEADER]: this.#signer.sign(PATH, body, {}) } : {}
  }
}
