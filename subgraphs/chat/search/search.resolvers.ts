import { readPageRequest, toConnection } from '../../../platform/connection.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { visibleConversation } from '../conversation/visible-conversation.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import { cursorOfChannel, listChannels } from './channel-list.ts'
import { cursorOfFoundMessage, searchMessages } from './message-search.ts'
import { readQuery, readWords } from './search-input.ts'

export const searchResolvers: Pick<Resolvers, 'Query'> = {
  Query: {
    channels: async (_, { query, ...args }, { caller, em }) => {
      viewerOf(caller)
      const page = readPageRequest(args)
      const channels = await listChannels(em, query == null ? null : readQuery(query), page)
      return toConnection(page, channels, cursorOfChannel)
    },
    searchMessages: async (_, { query, conversationId, ...args }, context) => {
      const { userId } = viewerOf(context.caller)
      const page = readPageRequest(args)
      const words = readWords(query)
      const conversation = conversationId == null ? null : await visibleConversation(conversationId, context)
      const search = { words, conversationId: conversation?.id ?? null, viewerId: userId }
      return toConnection(page, await searchMessages(context.em, search, page), cursorOfFoundMessage)
    },
  },
}
