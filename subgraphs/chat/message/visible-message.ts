import { NotFoundError } from '../../../platform/errors.ts'
import { decodeId } from '../../../platform/ids.ts'
import { type Caller, viewerOf } from '../../../platform/subgraph/caller.ts'
import type { Message } from './message.entity.ts'

/** Where messages that the viewer may see are loaded from. */
export interface VisibleMessages {
  readonly loaders: { readonly messages: { load(id: string): Promise<Message | null> } }
}

/**
 * The message with this client-side id, if the viewer may see it.
 *
 * @throws UnauthenticatedError, BadUserInputError; NotFoundError alike for what is not there and what is not theirs.
 */
export async function visibleMessage(
  id: string,
  context: VisibleMessages & { readonly caller: Caller },
): Promise<Message> {
  viewerOf(context.caller)
  return loadVisibleMessage(decodeId('msg', id), context)
}

/** As visibleMessage, by UUID. */
export async function loadVisibleMessage(uuid: string, { loaders }: VisibleMessages): Promise<Message> {
  const message = await loaders.messages.load(uuid)
  if (!message) throw new NotFoundError('message')
  return message
}
