import { NotFoundError } from '../../../platform/errors.ts'
import { decodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import type { ChatContext } from '../context.ts'
import type { Message } from './message.entity.ts'

/**
 * The message with this client-side id, if the viewer is a member of its conversation.
 *
 * @throws UnauthenticatedError, BadUserInputError; NotFoundError alike for what is not there and what is not theirs.
 */
export async function visibleMessage(id: string, context: Pick<ChatContext, 'caller' | 'loaders'>): Promise<Message> {
  viewerOf(context.caller)
  return loadVisibleMessage(decodeId('msg', id), context)
}

/** As visibleMessage, by UUID. */
export async function loadVisibleMessage(uuid: string, { loaders }: Pick<ChatContext, 'loaders'>): Promise<Message> {
  const message = await loaders.messages.load(uuid)
  if (!message) throw new NotFoundError('message')
  return message
}
