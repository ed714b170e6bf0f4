import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../../platform/access-token.ts'
import { decodeId } from '../../../../platform/ids.ts'
import { viewerOf } from '../../../../platform/subgraph/caller.ts'
import { withUserErrors } from '../../../../platform/user-fault.ts'
import { type ChatContext, forgetLoaded } from '../../context.ts'
import type { Message } from '../../message/message.entity.ts'
import type { ErrorCode, Resolvers } from '../../resolvers.generated.ts'

/** The mutations by which people control replies. */
export const controlResolvers: Pick<Resolvers, 'Mutation'> = {
  Mutation: {
    cancelReply: (_, { input }, context) =>
      respondWithReply(input, context, (...reply) => context.replies.cancel(...reply)),
    regenerateReply: (_, { input }, context) =>
      respondWithReply(input, context, (...reply) => context.replies.regenerate(...reply, input.model)),
    continueReply: (_, { input }, context) =>
      respondWithReply(input, context, (...reply) => context.replies.continue(...reply)),
    selectReplyVersion: (_, { input }, context) =>
      respondWithReply(input, context, (...reply) =>
        context.replies.select(...reply, decodeId('ver', input.versionId)),
      ),
  },
}

interface ReplyNow {
  message: Message | null
}

/** Runs a change of a reply and answers with the reply as it is then; null once the viewer cannot see it any more. */
function respondWithReply(
  input: { readonly messageId: string },
  context: ChatContext,
  change: (em: EntityManager, viewer: Viewer, messageId: string) => Promise<void>,
) {
  const viewer = viewerOf(context.caller)
  const id = decodeId('msg', input.messageId)
  return withUserErrors<ReplyNow, ReplyNow, ErrorCode>({ message: null }, async () => {
    await change(context.em, viewer, id)
    forgetLoaded(context)
    return { message: await context.loaders.messages.load(id) }
  })
}
