import { readPageRequest, toConnection } from '../../../platform/connection.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import { readMemberIds } from './conversation-input.ts'
import { respondWithConversation } from './conversation-payload.ts'
import type { Member } from './member.entity.ts'
import { encodeMomentCursor, readMomentCursor } from './moment-cursor.ts'
import { userReference } from './user-reference.ts'

type MemberEventTypes = 'MemberAdded' | 'MemberRemoved' | 'MemberRoleChanged'

const cursorOf = ({ joinedAt, userId }: Member) => encodeMomentCursor('member', joinedAt, userId)

export const memberResolvers: Pick<Resolvers, 'Mutation' | 'Conversation' | 'Member' | MemberEventTypes> = {
  Mutation: {
    joinChannel: (_, { input }, context) =>
      respondWithConversation(input, context, (...change) => context.members.join(...change)),
    leaveConversation: (_, { input }, context) =>
      respondWithConversation(input, context, (...change) => context.members.leave(...change)),
    addMembers: (_, { input }, context) =>
      respondWithConversation(input, context, (...change) =>
        context.members.add(...change, readMemberIds(input.userIds, 'userIds')),
      ),
    removeMember: (_, { input }, context) =>
      respondWithConversation(input, context, (...change) =>
        context.members.remove(...change, decodeId('usr', input.userId)),
      ),
    setMemberRole: (_, { input }, context) =>
      respondWithConversation(input, context, (...change) =>
        context.members.setRole(...change, { userId: decodeId('usr', input.userId), role: input.role }),
      ),
    muteConversation: (_, { input }, context) =>
      respondWithConversation(input, context, (...change) => context.members.mute(...change, input.muted)),
  },
  Conversation: {
    viewerRole: async ({ id }, _, { loaders }) => (await loaders.memberships.load(id))?.role ?? null,
    isMuted: async ({ id }, _, { loaders }) => (await loaders.memberships.load(id))?.muted ?? false,
    members: async ({ id }, args, { loaders }) => {
      const page = readPageRequest(args)
      const request = { conversationId: id, ...page, position: readMomentCursor('member', page) }
      return toConnection(page, await loaders.memberPages.load(request), cursorOf)
    },
  },
  Member: { user: ({ userId }) => userReference(userId) },
  MemberAdded: { user: ({ userId }) => userReference(userId) },
  MemberRemoved: { userId: ({ userId }) => encodeId('usr', userId) },
  MemberRoleChanged: { user: ({ userId }) => userReference(userId) },
}
