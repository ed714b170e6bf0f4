import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { ConversationChange, ConversationChanges } from './conversation-change.ts'
import { Member } from './member.entity.ts'
import {
  addMemberships,
  endMembership,
  findHeir,
  findMember,
  isLastOwner,
  lastOwnerFault,
  setRole,
} from './membership.ts'
import type { People } from './people.ts'
import { type Deed, requireRight } from './policy.ts'
import { requireRightNow } from './standing.ts'

/**
 * Who is in a conversation, and as what. Ids are UUIDs. Every method throws NotFoundError when the viewer may not see the
 * conversation, and ForbiddenError when they lack the right.
 */
export class MemberService {
  readonly #changes: ConversationChanges
  readonly #people: People

  constructor(options: { changes: ConversationChanges; people: People }) {
    this.#changes = options.changes
    this.#people = options.people
  }

  /** Makes the viewer a member of a CHANNEL; for who is one already nothing changes. */
  join(em: EntityManager, viewer: Viewer, conversationId: string): Promise<void> {
    return this.#changes.make(em, viewer, conversationId, async (change) => {
      requireRight(change, 'join the conversation')
      if (!change.membership) await addMemberships(change, [viewer.userId])
    })
  }

  /**
   * Ends the viewer's membership.
   *
   * @param path the input field to blame.
   * @throws UserFault LAST_OWNER
   */
  leave(
    em: EntityManager,
    viewer: Viewer,
    conversationId: string,
    path: readonly string[] = ['input', 'conversationId'],
  ): Promise<void> {
    return this.#changes.make(em, viewer, conversationId, async (change) => {
      const membership = requireOwnRight(change, 'leave the conversation')
      if (await isLastOwner(change, membership)) throw lastOwnerFault(change, path)
      endMembership(change, membership)
    })
  }

  /**
   * Makes people members, all of them or none.
   *
   * @param userIds 1 to 100, each once.
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND, ALREADY_MEMBER; SubgraphUnavailableError
   */
  async add(em: EntityManager, viewer: Viewer, conversationId: string, userIds: readonly string[]): Promise<void> {
    const path = ['input', 'userIds']
    // Auth is asked before anything is locked, and not by those who may not add anybody.
    await requireRightNow(em, viewer, conversationId, 'add members')
    if (userIds.length === 0) throw new UserFault('BAD_USER_INPUT', 'Name the people to add.', path)
    const existing = await this.#people.existing(userIds)
    if (userIds.some((id) => !existing.has(id))) {
      throw new UserFault('NOT_FOUND', 'One of these people does not exist.', path)
    }
    await this.#changes.make(em, viewer, conversationId, async (change) => {
      requireRight(change, 'add members')
      const members = await change.em.count(Member, { conversationId, userId: { $in: [...userIds] } })
      if (members > 0) {
        throw new UserFault('ALREADY_MEMBER', 'One of these people is a member already; leave them out.', path)
      }
      await addMemberships(change, userIds)
    })
  }

  /**
   * Takes somebody out; for the viewer it is leaving. A last owner, whom only a moderator can remove, is followed by the
   * longest-standing ADMIN, or else member.
   *
   * @throws UserFault NOT_FOUND, LAST_OWNER
   */
  remove(em: EntityManager, viewer: Viewer, conversationId: string, userId: string): Promise<void> {
    const path = ['input', 'userId']
    if (userId === viewer.userId) return this.leave(em, viewer, conversationId, path)
    return this.#changes.make(em, viewer, conversationId, async (change) => {
      requireRight(change, 'remove plain members')
      const member = await requireMember(change, userId)
      if (member.role !== 'MEMBER') requireRight(change, 'remove owners and admins')
      const needsHeir = await isLastOwner(change, member)
      const heir = needsHeir ? await findHeir(change, member) : null
      if (needsHeir && !heir) throw lastOwnerFault(change, path)
      endMembership(change, member)
      if (heir) setRole(change, heir, 'OWNER')
    })
  }

  /**
   * Sets what a member may do; the same role again changes nothing.
   *
   * @throws UserFault NOT_FOUND, LAST_OWNER
   */
  setRole(
    em: EntityManager,
    viewer: Viewer,
    conversationId: string,
    { userId, role }: { userId: string; role: Member['role'] },
  ): Promise<void> {
    return this.#changes.make(em, viewer, conversationId, async (change) => {
      requireRight(change, 'set roles')
      const member = await requireMember(change, userId)
      if (role !== 'OWNER' && (await isLastOwner(change, member))) throw lastOwnerFault(change, ['input', 'role'])
      setRole(change, member, role)
    })
  }

  /** Sets whether the viewer wants notifications. */
  mute(em: EntityManager, viewer: Viewer, conversationId: string, muted: boolean): Promise<void> {
    return this.#changes.make(em, viewer, conversationId, async (change) => {
      const membership = requireOwnRight(change, 'mute the conversation')
      if (membership.muted === muted) return
      membership.muted = muted
      change.touch(viewer.userId)
    })
  }
}

/** The viewer's membership, for what the policy allows to members alone. */
function requireOwnRight(change: ConversationChange, deed: Deed): Member {
  requireRight(change, deed)
  if (!change.membership) throw new TypeError(`The policy lets others than members ${deed}.`)
  return change.membership
}

async function requireMember(change: ConversationChange, userId: string): Promise<Member> {
  const member = await findMember(change, userId)
  if (!member) throw new UserFault('NOT_FOUND', 'This person is not a member.', ['input', 'userId'])
  return member
}
