import { encodeCursor, readPageRequest, toConnection } from '../../../platform/connection.ts'
import { encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import { encodeEventCursor } from '../event-log/event-cursor.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import type { Conversation } from './conversation.entity.ts'
import type { Member } from './member.entity.ts'
import { visibleConversation } from './visible-conversation.ts'

const cursorOfConversation = ({ lastActivityAt, id }: Conversation) =>
  encodeCursor('conversation', [lastActivityAt.toISOString(), id])

const cursorOfMember = ({ joinedAt, userId }: Member) => encodeCursor('member', [joinedAt.toISOString(), userId])

export const conversationResolvers: Pick<Resolvers, 'Query' | 'Mutation' | 'Conversation' | 'Member'> = {
  Query: {
    conversation: (_, { id }, context) => visibleConversation(id, context),
    conversations: async (_, { kind, ...args }, { caller, em, conversations }) => {
      const { userId } = viewerOf(caller)
      const page = readPageRequest(args)
      return toConnection(page, await conversations.list(em, userId, page, kind), cursorOfConversation)
    },
  },
  Mutation: {
    createConversation: (_, { input }, { caller, em, conversations }) => {
      const { userId } = viewerOf(caller)
      return withUserErrors({ conversation: null }, async () => ({
        conversation: await conversations.create(em, userId, input),
      }))
    },
  },
  Conversation: {
    __resolveReference: ({ id }, context) => visibleConversation(id, context),
    id: ({ id }) => encodeId('cnv', id),
    cursor: ({ epoch, eventSeq }) => encodeEventCursor({ epoch, seq: eventSeq }),
    viewerRole: async ({ id }, _, { loaders }) => (await loaders.memberships.load(id))?.role ?? null,
    members: async ({ id }, args, { em, conversations }) => {
      const page = readPageRequest(args)
      return toConnection(page, await conversations.members(em, id, page), cursorOfMember)
    },
  },
  Member: {
    user: ({ userId }) => ({ id: encodeId('usr', userId) }),
  },
}
