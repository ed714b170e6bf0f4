import { NotFoundError } from '../../../platform/errors.ts'
import { decodeId } from '../../../platform/ids.ts'
import { type Caller, viewerOf } from '../../../platform/subgraph/caller.ts'
import type { Conversation } from './conversation.entity.ts'

/** Where conversations that the viewer may see are loaded from. */
export interface VisibleConversations {
  readonly loaders: { readonly conversations: { load(id: string): Promise<Conversation | null> } }
}

/**
 * The conversation with this client-side id, if the viewer may see it.
 *
 * @throws UnauthenticatedError, BadUserInputError; NotFoundError alike for what is not there and what is not theirs.
 */
export async function visibleConversation(
  id: string,
  context: VisibleConversations & { readonly caller: Caller },
): Promise<Conversation> {
  viewerOf(context.caller)
  return loadVisibleConversation(decodeId('cnv', id), context)
}

/** As visibleConversation, by UUID. */
export async function loadVisibleConversation(uuid: string, { loaders }: VisibleConversations): Promise<Conversation> {
  const conversation = await loaders.conversations.load(uuid)
  if (!conversation) throw new NotFoundError('conversation')
  return conversation
}
