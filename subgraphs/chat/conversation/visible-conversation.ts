import { NotFoundError } from '../../../platform/errors.ts'
import { decodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import type { ChatContext } from '../context.ts'
import type { Conversation } from './conversation.entity.ts'

/**
 * The conversation with this client-side id, if the viewer is a member of it.
 *
 * @throws UnauthenticatedError, BadUserInputError; NotFoundError alike for what is not there and what is not theirs.
 */
export async function visibleConversation(
  id: string,
  context: Pick<ChatContext, 'caller' | 'loaders'>,
): Promise<Conversation> {
  viewerOf(context.caller)
  return loadVisibleConversation(decodeId('cnv', id), context)
}

/** As visibleConversation, by UUID. */
export async function loadVisibleConversation(
  uuid: string,
  { loaders }: Pick<ChatContext, 'loaders'>,
): Promise<Conversation> {
  const conversation = await loaders.conversations.load(uuid)
  if (!conversation) throw new NotFoundError('conversation')
  return conversation
}
