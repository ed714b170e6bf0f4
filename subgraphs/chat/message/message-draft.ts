import { newUuid } from '../../../platform/ids.ts'
import type { Mentioned } from './mentioned-people.ts'
import { requestDigest } from './request-digest.ts'
import type { MessageBatch, NewMessage } from './store-messages.ts'

/** A message to be sent, checked. Ids are UUIDs. */
export interface MessageDraft {
  readonly conversationId: string
  readonly authorId: string
  readonly clientId: string
  readonly body: string
  /** The number of the message that it replies to. */
  readonly replyTo: number | null
}

/** What is stored of it: the message, and behind it the reply that is to be written when one is asked for. */
export function batchOf(draft: MessageDraft, mentioned: Mentioned, asksForReply: boolean): MessageBatch {
  const { conversationId, ...said } = draft
  const message: NewMessage = {
    ...said,
    id: newUuid(),
    role: 'USER',
    answersId: null,
    digest: requestDigest(said.body, said.replyTo),
    mentionsPending: mentioned.isPending,
  }
  return {
    conversationId,
    authorId: said.authorId,
    messages: asksForReply ? [message, replyTo(message)] : [message],
    mentioned: mentioned.userIds,
  }
}

function replyTo(question: NewMessage): NewMessage {
  const fromNobody = { authorId: null, clientId: null, replyTo: null, digest: null, mentionsPending: false }
  return { ...fromNobody, id: newUuid(), role: 'ASSISTANT', answersId: question.id, body: '' }
}
