import { ForbiddenError, NotFoundError } from '../../../platform/errors.ts'
import { may, type Standing } from '../conversation/policy.ts'
import type { Message } from './message.entity.ts'

/** How somebody stands to a message. */
export interface MessageStanding extends Omit<Standing, 'conversation'> {
  readonly message: Pick<Message, 'authorId'>
  /** Who asked for the reply that it is; null when it is none, or they are gone. */
  readonly askerId: string | null
}

type Rule = (standing: MessageStanding) => boolean

const isMember: Rule = ({ role }) => role !== null
const isAuthor: Rule = ({ viewer, message }) => message.authorId === viewer.userId
const hasAskedForIt: Rule = ({ viewer, askerId }) => askerId === viewer.userId
const isModerator: Rule = ({ viewer }) => viewer.scope.has('messages:moderate')

/** Who may do what with a message; read each line as a sentence. Moderators need not be members. */
const POLICY = {
  'change the message': (standing) => isMember(standing) && isAuthor(standing),
  'delete the message': (standing) =>
    (isMember(standing) && (isAuthor(standing) || hasAskedForIt(standing))) || isModerator(standing),
} satisfies Record<string, Rule>

/** What the policy speaks of. */
export type MessageDeed = keyof typeof POLICY

/** Whether the policy lets somebody do this. */
export function mayWithMessage(standing: MessageStanding, deed: MessageDeed): boolean {
  return POLICY[deed](standing)
}

/**
 * Refuses what the policy does not allow.
 *
 * @throws NotFoundError to who may not even see the conversation, ForbiddenError to all others.
 */
export function requireMessageRight(standing: MessageStanding & Standing, deed: MessageDeed): void {
  if (mayWithMessage(standing, deed)) return
  throw may(standing, 'see the conversation')
    ? new ForbiddenError(`You lack the right to ${deed}.`)
    : new NotFoundError('message')
}
