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
  existing(userIds: readonly string[]): Promise<Set<string>>
  /**
   * The users (UUIDs) with these names, at most 100, by the name in lower case. Whoever asks waits for it, so that it
   * gives up after a second.
   *
   * @throws SubgraphUnavailableError
   */
  named(usernames: readonly string[]): Promise<Map<string, string>>
}

/** What somebody is called. */
export interface PersonName {
  readonly username: string
  readonly displayName: string
}

/** Where names are asked for. */
export interface NameDirectory {
  /**
   * What these users (UUIDs, at most 100) are called; those who do not exist are left out. Whoever asks waits for it, so
   * that it gives up after a second.
   *
   * @throws SubgraphUnavailableError
   */
  namesOf(userIds: readonly string[]): Promise<Map<string, PersonName>>
}

const NAMES_TIMEOUT_MS = 1_000

const id = z.string().startsWith('usr_')
const answer = z.object({ users: z.array(z.object({ id })) })
const answerWithNames = z.object({ users: z.array(z.object({ id, username: z.string() })) })
const answerWithBothNames = z.object({
  users: z.array(z.object({ id, username: z.string(), displayName: z.string() })),
})

/** Asks the auth service. */
export class RemotePeople implements People, NameDirectory {
  readonly #auth: ServiceClient

  constructor(auth: ServiceClient) {
    this.#auth = auth
  }

  async existing(userIds: readonly string[]): Promise<Set<string>> {
    if (userIds.length === 0) return new Set()
    const ids = userIds.map((id) => encodeId('usr', id))
    const { users } = await this.#auth.post('/internal/users', { ids }, answer)
    return new Set(users.map((user) => decodeId('usr', user.id)))
  }

  async named(usernames: readonly string[]): Promise<Map<string, string>> {
    if (usernames.length === 0) return new Map()
    const { users } = await this.#auth.post('/internal/users', { usernames }, answerWithNames, NAMES_TIMEOUT_MS)
    return new Map(users.map((user) => [user.username.toLowerCase(), decodeId('usr', user.id)]))
  }
  async namesOf(userIds: readonly string[]): Promise<Map<string, PersonName>> {
    if (userIds.length === 0) return new Map()
    const ids = userIds.map((id) => encodeId('usr', id))
    const { users } = await this.#auth.post('/internal/users', { ids }, answerWithBothNames, NAMES_TIMEOUT_MS)
    return new Map(users.map(({ id, ...names }) => [decodeId('usr', id), names]))
  }
}
