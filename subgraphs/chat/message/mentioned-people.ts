import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import type { People } from '../conversation/people.ts'

/** Whom a body names. */
export interface Mentioned {
  /** Users, members or not, in the order in which they are named, each once. */
  readonly userIds: string[]
  /** Whether it is still to be asked, because auth was away or nobody has asked yet. */
  readonly isPending: boolean
}

/** `People.named` takes so many. */
const MOST_NAMES_A_CALL = 100

/**
 * The users whom mentions name; nobody is asked when there is none. More names than one call takes are asked for at the
 * same time, so that it takes no longer.
 *
 * @param mentions of `mentionedNames`.
 * @throws SubgraphUnavailableError
 */
export async function peopleNamedIn(people: People, mentions: readonly string[][]): Promise<string[]> {
  const names = [...new Set(mentions.flat())]
  const calls = Array.from({ length: Math.ceil(names.length / MOST_NAMES_A_CALL) }, (_, call) =>
    people.named(names.slice(call * MOST_NAMES_A_CALL, (call + 1) * MOST_NAMES_A_CALL)),
  )
  const found = new Map((await Promise.all(calls)).flatMap((answer) => [...answer]))
  const userIds = mentions.map((candidates) => candidates.map((name) => found.get(name)).find((id) => id !== undefined))
  return [...new Set(userIds)].filter((id) => id !== undefined)
}

/** As peopleNamedIn, but while auth is away it is put off instead of failing. */
export async function findMentioned(people: People, mentions: readonly string[][]): Promise<Mentioned> {
  try {
    return { userIds: await peopleNamedIn(people, mentions), isPending: false }
  } catch (error) {
    if (!(error instanceof SubgraphUnavailableError)) throw error
    return { userIds: [], isPending: true }
  }
}
