import { z } from 'zod'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import type { ServiceClient } from '../../../platform/service-client.ts'

/** What chat must know of people. Auth owns them; chat only asks. */
export interface People {
  /**
   * Which of these users (UUIDs, at most 100) exist.
   *
   * @throws SubgraphUnavailableError
   */
  existing(userIds: string[]): Promise<Set<string>>
}

const answer = z.object({ users: z.array(z.object({ id: z.string().startsWith('usr_') })) })

/** Asks the auth service. */
export class RemotePeople implements People {
  readonly #auth: ServiceClient

  constructor(auth: ServiceClient) {
    this.#auth = auth
  }

  async existing(userIds: string[]): Promise<Set<string>> {
    if (userIds.length === 0) return new Set()
    const ids = userIds.map((id) => encodeId('usr', id))
    const { users } = await this.#auth.post('/internal/users', { ids }, answer)
    return new Set(users.map((user) => decodeId('usr', user.id)))
  }
}
