import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import type { People } from '../conversation/people.ts'
import { mentionedNames } from './mention-names.ts'

/** Whom a body names. */
export interface Mentioned {
  /** Users, members or not, in the order in which they are named, each once. */
  readonly userIds: string[]
  /** Whether it is still to be asked, because auth was away. */
  readonly isPending: boolean
}

/** What a body without names comes to. */
export const NOBODY_MENTIONED: Mentioned = { userIds: [], isPending: false }

/** `People.named` takes so many. */
const MOST_NAMES_A_CALL = 100

/**
 * The users whom a body names; nobody is asked when there is no mention in it.
 *
 * @throws SubgraphUnavailableError
 */
export async function peopleNamedIn(people: People, body: string): Promise<string[]> {
  const mentions = mentionedNames(body)
  const names = [...new Set(mentions.flat())]
  const found = new Map<string, string>()
  for (let start = 0; start < names.length; start += MOST_NAMES_A_CALL) {
    for (const [name, id] of await people.named(names.slice(start, start + MOST_NAMES_A_CALL))) found.set(name, id)
  }
  const userIds = mentions.map((candidates) => candidates.map((name) => found.get(name)).find((id) => id !== undefined))
  return [...new Set(userIds)].filter((id) => id !== undefined)
}

/** As peopleNamedIn, but while auth is away it is put off instead of failing. */
export async function findMentioned(people: People, body: string): Promise<Mentioned> {
  try {
    return { userIds: await peopleNamedIn(people, body), isPending: false }
  } catch (error) {
    if (!(error instanceof SubgraphUnavailableError)) throw error
    return { userIds: [], isPending: true }
  }
}
