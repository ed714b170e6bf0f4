import type { Viewer } from '../../../platform/access-token.ts'
import { ForbiddenError, NotFoundError } from '../../../platform/errors.ts'
import type { Conversation } from './conversation.entity.ts'
import type { Member } from './member.entity.ts'

/** How somebody stands to a conversation. */
export interface Standing {
  readonly viewer: Pick<Viewer, 'userId' | 'scope'>
  readonly conversation: Pick<Conversation, 'kind'>
  /** Null for who is not a member. */
  readonly role: Member['role'] | null
}

type Rule = (standing: Standing) => boolean

const anyOf =
  (...rules: Rule[]): Rule =>
  (standing) =>
    rules.some((rule) => rule(standing))

const allOf =
  (...rules: Rule[]): Rule =>
  (standing) =>
    rules.every((rule) => rule(standing))

const isMember: Rule = ({ role }) => role !== null
const isOwner: Rule = ({ role }) => role === 'OWNER'
const isOwnerOrAdmin: Rule = ({ role }) => role === 'OWNER' || role === 'ADMIN'
const isModerator: Rule = ({ viewer }) => viewer.scope.has('conversations:moderate')

const isDirect: Rule = ({ conversation }) => conversation.kind === 'DIRECT'
const isPublic: Rule = ({ conversation }) => conversation.kind === 'CHANNEL'
const isNotDirect: Rule = (standing) => !isDirect(standing)
const isShared: Rule = ({ conversation }) => conversation.kind === 'GROUP' || conversation.kind === 'CHANNEL'

/** Who may do what in a conversation; read each line as a sentence. Messages have a policy of their own. */
const POLICY = {
  'see the conversation': anyOf(isMember, isPublic),
  'write in the conversation': isMember,
  'mark the conversation as read': isMember,
  'mute the conversation': isMember,
  'change title or topic': allOf(isNotDirect, isOwnerOrAdmin),
  'change the assistant': anyOf(isOwnerOrAdmin, allOf(isDirect, isMember)),
  'delete the conversation': anyOf(allOf(isNotDirect, isOwner), allOf(isShared, isModerator)),
  'join the conversation': isPublic,
  // An ASSISTANT conversation has one owner, who is told to delete it instead.
  'leave the conversation': allOf(isNotDirect, isMember),
  'add members': allOf(isShared, isOwnerOrAdmin),
  'remove plain members': allOf(isShared, anyOf(isOwnerOrAdmin, isModerator)),
  'remove owners and admins': allOf(isShared, anyOf(isOwner, isModerator)),
  'set roles': allOf(isShared, isOwner),
} satisfies Record<string, Rule>

/** What the policy speaks of. */
export type Deed = keyof typeof POLICY

/** Whether the policy lets somebody do this. */
export function may(standing: Standing, deed: Deed): boolean {
  return POLICY[deed](standing)
}

/**
 * Refuses what the policy does not allow.
 *
 * @throws NotFoundError to who may not even see the conversation, ForbiddenError to all others.
 */
export function requireRight(standing: Standing, deed: Deed): void {
  if (may(standing, deed)) return
  throw may(standing, 'see the conversation')
    ? new ForbiddenError(`You lack the right to ${deed}.`)
    : new NotFoundError('conversation')
}
