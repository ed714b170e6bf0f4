import { createHash } from 'node:crypto'

/** What stands for a message's text in a history: equal for equal texts, and short. */
export function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 16)
}
