import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import { decodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import { type ChatContext, forgetLoaded } from '../context.ts'
import type { ErrorCode } from '../resolvers.generated.ts'
import type { Conversation } from './conversation.entity.ts'

interface ConversationNow {
  conversation: Conversation | null
}

/**
 * Runs a mutation's change of a conversation and answers with the conversation as it is then; null when the viewer cannot
 * see it any more.
 *
 * @throws UnauthenticatedError, BadUserInputError; and what `change` throws, UserFault apart.
 */
export function respondWithConversation(
  input: { readonly conversationId: string },
  context: Pick<ChatContext, 'caller' | 'em' | 'loaders'>,
  change: (em: EntityManager, viewer: Viewer, conversationId: string) => Promise<void>,
) {
  const viewer = viewerOf(context.caller)
  const conversationId = decodeId('cnv', input.conversationId)
  return withUserErrors<ConversationNow, ConversationNow, ErrorCode>({ conversation: null }, async () => {
    await change(context.em, viewer, conversationId)
    forgetLoaded(context)
    return { conversation: await context.loaders.conversations.load(conversationId) }
  })
}
