import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../../platform/access-token.ts'
import { NotFoundError } from '../../../../platform/errors.ts'
import { UserFault } from '../../../../platform/user-fault.ts'
import { may } from '../../conversation/policy.ts'
import { findMessage } from '../../message/find-message.ts'
import type { Message } from '../../message/message.entity.ts'
import { requireControl } from './policy.ts'
import { readVersions, type Version } from './reply-versions.ts'

/** A reply that the viewer may control, with all its versions, oldest first. */
export interface FoundReply {
  readonly message: Message
  readonly versions: readonly Version[]
  /** The version that the message shows. */
  readonly shown: Version
}

/** The input field that names the reply. */
export const AT_MESSAGE = ['input', 'messageId']

/**
 * The reply with this UUID as it is now: under the conversation's lock for good, and without it before anybody is kept
 * waiting.
 *
 * @throws NotFoundError, ForbiddenError; UserFault BAD_USER_INPUT when it is no reply.
 */
export async function findReply(em: EntityManager, viewer: Viewer, messageId: string): Promise<FoundReply> {
  const found = await findMessage(em, viewer, messageId)
  if (!may(found, 'see the conversation')) throw new NotFoundError('message')
  const { message } = found
  const versions = message.role === 'ASSISTANT' ? await readVersions(em, message) : []
  const shown = versions.find(({ isSelected }) => isSelected)
  if (!shown) throw new UserFault('BAD_USER_INPUT', 'This message is not a reply of the assistant.', AT_MESSAGE)
  requireControl({ ...found, requesterId: shown.requestedBy ?? null })
  return { message, versions, shown }
}
