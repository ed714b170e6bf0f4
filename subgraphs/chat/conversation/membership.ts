import { UserFault } from '../../../platform/user-fault.ts'
import type { ChangeUnderLock } from './conversation-change.ts'
import { Member } from './member.entity.ts'

/**
 * Makes people members who are none yet. Each change's joining time lies after all earlier ones, although clocks may
 * jump: the list of members is read by it, page by page, while people join. What was said before counts as read.
 */
export async function addMemberships(
  { em, conversation, record, touch }: ChangeUnderLock,
  userIds: readonly string[],
): Promise<void> {
  await em.execute(
    `INSERT INTO chat.member (conversation_id, user_id, role, joined_at, read_up_to)
     SELECT ?, value::uuid, 'MEMBER',
            (SELECT greatest(clock_timestamp(), max(joined_at) + interval '1 millisecond')
             FROM chat.member WHERE conversation_id = ?), ?
     FROM jsonb_array_elements_text(?::jsonb)`,
    [conversation.id, conversation.id, conversation.messageCount, JSON.stringify(userIds)],
  )
  conversation.memberCount += userIds.length
  record(...userIds.map((userId) => ({ kind: 'MemberAdded' as const, userId, role: 'MEMBER' as const })))
  touch(...userIds)
}

/** Ends a membership; whether somebody else owns the conversation is the caller's to see to. */
export function endMembership({ em, conversation, record, touch }: ChangeUnderLock, member: Member): void {
  em.remove(member)
  conversation.memberCount -= 1
  record({ kind: 'MemberRemoved', userId: member.userId })
  touch(member.userId)
}

/** Sets what a member may do; whether somebody else owns the conversation is the caller's to see to. */
export function setRole({ record, touch }: ChangeUnderLock, member: Member, role: Member['role']): void {
  if (member.role === role) return
  member.role = role
  record({ kind: 'MemberRoleChanged', userId: member.userId, role })
  touch(member.userId)
}

/** A member of the conversation; null for everybody else. */
export function findMember({ em, conversation }: ChangeUnderLock, userId: string): Promise<Member | null> {
  return em.findOne(Member, { conversationId: conversation.id, userId }, { refresh: true })
}

/** Whether a member owns the conversation and nobody else does. */
export async function isLastOwner({ em, conversation }: ChangeUnderLock, member: Member): Promise<boolean> {
  if (member.role !== 'OWNER') return false
  const others = { conversationId: conversation.id, role: 'OWNER' as const, userId: { $ne: member.userId } }
  return (await em.findOne(Member, others)) === null
}

/** Who is to own the conversation when its last owner goes: the longest-standing ADMIN, or else member; null for nobody. */
export function findHeir({ em, conversation }: ChangeUnderLock, lastOwner: Member): Promise<Member | null> {
  return em.findOne(
    Member,
    { conversationId: conversation.id, userId: { $ne: lastOwner.userId } },
    // ADMIN comes before MEMBER, and there is no other OWNER.
    { orderBy: { role: 'asc', joinedAt: 'asc', userId: 'asc' }, refresh: true },
  )
}

/** Why a last owner can neither go nor step down. */
export function lastOwnerFault({ conversation }: ChangeUnderLock, path: readonly string[]): UserFault {
  const message =
    conversation.kind === 'ASSISTANT'
      ? 'You are alone with the assistant: to leave this conversation, delete it instead.'
      : 'This is the last owner: make another member an owner first or, where there is none, delete the conversation.'
  return new UserFault('LAST_OWNER', message, path)
}
