import { createHash } from 'node:crypto'

/**
 * What tells a repeated send from another one with the same client id: SHA-256 of the body in UTF-8, and for a reply of
 * a NUL, which no body holds, and the number of the message that it replies to.
 */
export function requestDigest(body: string, replyTo: number | null): Buffer {
  const hash = createHash('sha256').update(body, 'utf8')
  return (replyTo === null ? hash : hash.update(`\0${replyTo}`)).digest()
}
