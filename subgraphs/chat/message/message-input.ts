import { BadUserInputError } from '../../../platform/errors.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { storable } from '../conversation/conversation-input.ts'

const LONGEST_BODY = 16_000

/**
 * The body exactly as it was sent, if it may be stored.
 *
 * @throws UserFault BAD_USER_INPUT
 */
export function readBody(body: string): string {
  const path = ['input', 'body']
  if (body.trim() === '') throw new UserFault('BAD_USER_INPUT', 'The message is empty; write something.', path)
  if (body.length > LONGEST_BODY) {
    const message = `The message has ${body.length} characters (UTF-16 code units); at most ${LONGEST_BODY}.`
    throw new UserFault('BAD_USER_INPUT', message, path)
  }
  return storable(body, path)
}

/** How far behind the newest message `messageAdded(after:)` may begin. */
const MOST_MESSAGES_BEHIND = 1_000

/**
 * The message number to begin a stream after.
 *
 * @throws BadUserInputError when it lies beyond the newest message or too far behind it.
 */
export function readStreamStart(after: number | null | undefined, newest: number): number {
  if (after == null) return newest
  if (after < 0 || after > newest) {
    throw new BadUserInputError(`after must be from 0 to ${newest}, the newest message's number; it was ${after}.`)
  }
  if (newest - after > MOST_MESSAGES_BEHIND) {
    throw new BadUserInputError(
      `after is ${newest - after} messages behind, and at most ${MOST_MESSAGES_BEHIND} are replayed: read messages(after:) first.`,
    )
  }
  return after
}
