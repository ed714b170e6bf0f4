/**
 * `@` and what may be a username, as a word of its own: no email address mentions anybody, nor does a handle of another
 * server (`@ada@example.org`).
 */
const MENTION = /(?<![\p{L}\p{M}\p{N}_@.])@([A-Za-z0-9._-]+)(?![\p{L}\p{M}\p{N}_@])/gu

/** The assistant's name, with the dots and hyphens of a sentence behind it. */
const ASSISTANT = /^assistant[.-]*$/

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
  const mentions: string[][] = []
  const names = new Set<string>()
  for (const run of mentionsIn(body)) {
    const candidates = candidatesOf(run)
    for (const name of candidates) names.add(name)
    if (names.size > MOST_NAMES) break
    if (candidates.length > 0) mentions.push(candidates)
  }
  return mentions
}

/** Whether a body mentions the assistant: `@assistant`, and nothing but dots and hyphens behind it. */
export function mentionsAssistant(body: string): boolean {
  return mentionsIn(body).some((run) => ASSISTANT.test(run))
}

/** What stands behind each `@` that mentions somebody, in lower case. */
function mentionsIn(body: string): IteratorObject<string> {
  return body.matchAll(MENTION).map(([, run = '']) => run.toLowerCase())
}

function candidatesOf(run: string): string[] {
  if (ASSISTANT.test(run)) return []
  const candidates: string[] = []
  for (let length = Math.min(run.length, LONGEST_USERNAME); length >= SHORTEST_USERNAME; length -= 1) {
    const mayEndHere = length === run.length || run[length] === '.' || run[length] === '-'
    if (mayEndHere) candidates.push(run.slice(0, length))
  }
  return candidates.filter((name) => name !== 'assistant')
}
