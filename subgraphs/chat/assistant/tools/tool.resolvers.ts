import { decodeId, encodeId } from '../../../../platform/ids.ts'
import { viewerOf } from '../../../../platform/subgraph/caller.ts'
import { withUserErrors } from '../../../../platform/user-fault.ts'
import { forgetLoaded } from '../../context.ts'
import { loadVisibleMessage } from '../../message/visible-message.ts'
import type { Resolvers } from '../../resolvers.generated.ts'

/** What the assistant had tools do, and what people say to it. */
export const toolResolvers: Pick<Resolvers, 'Message' | 'Mutation' | 'ToolCall'> = {
  Message: {
    toolCalls: (message, _, { loaders }) =>
      message.role === 'ASSISTANT' && !message.deletedAt ? loaders.toolCalls.load(message) : [],
  },
  Mutation: {
    answerToolCall: (_, { input }, context) => {
      const viewer = viewerOf(context.caller)
      const id = decodeId('tcl', input.toolCallId)
      return withUserErrors({ message: null }, async () => {
        const messageId = await context.toolCalls.answer(context.em, viewer, id, input.approved)
        forgetLoaded(context)
        return { message: await loadVisibleMessage(messageId, context) }
      })
    },
  },
  ToolCall: {
    id: ({ id }) => encodeId('tcl', id),
  },
}
