/**
 * `@` and what may be a username, as a word of its own: no email address mentions anybody, nor does a handle of another
 * server (`@ada@example.org`).
 */
const MENTION = /(?<![\p{L}\p{M}\p{N}_@.])@([A-Za-z0-9._-]+)(?![\p{L}\p{M}\p{N}_@])/gu

const SHORTEST_USERNAME = 3
const LONGEST_USERNAME = 32
/** So many names are asked for because of one message at most. */
const MOST_NAMES = 200

/**
 * The names by which a body may mention people, in lower case: for each mention, in their order, the candidates with the
 * longest first, because a dot or hyphen may belong to the name or to the sentence. Mentions beyond 200 names in all are
 * left out, and so is the assistant, who is not a person.
 */
export function mentionedNames(body: string): string[][] {
  if (!body.includes('@')) return []
  const mentions: string[][] = []
  const names = new Set<string>()
  for (const [, run = ''] of body.matchAll(MENTION)) {
    const candidates = candidatesOf(run.toLowerCase())
    for (const name of candidates) names.add(name)
    if (names.size > MOST_NAMES) break
    if (candidates.length > 0) mentions.push(candidates)
  }
  return mentions
}

function candidatesOf(run: string): string[] {
  if (run.replace(/[.-]+$/, '') === 'assistant') return []
  const candidates: string[] = []
  for (let length = Math.min(run.length, LONGEST_USERNAME); length >= SHORTEST_USERNAME; length -= 1) {
    const mayEndHere = length === run.length || run[length] === '.' || run[length] === '-'
    if (mayEndHere) candidates.push(run.slice(0, length))
  }
  return candidates.filter((name) => name !== 'assistant')
}
