import { UserFault } from '../../../platform/user-fault.ts'
import type { Conversation } from './conversation.entity.ts'
import {
  type AssistantSettingsInput,
  type ModelCatalogue,
  readAssistantSettings,
  readMemberIds,
  readTitle,
  readTopic,
} from './conversation-input.ts'

export interface CreateConversationInput {
  kind: Conversation['kind']
  title?: string | null
  topic?: string | null
  memberIds?: readonly string[] | null
  assistant?: AssistantSettingsInput | null
}

/** A conversation to be made, checked. */
export interface NewConversation extends Pick<Conversation, 'kind' | 'title' | 'topic' | 'assistant'> {
  /** Who is in it beside its maker; UUIDs. */
  readonly others: readonly string[]
}

/**
 * What a new conversation is to be, by the rules of its kind. Whether the people exist is not looked at.
 *
 * @throws BadUserInputError for something that is not a user's id; UserFault BAD_USER_INPUT, UNKNOWN_MODEL
 */
export function readNewConversation(
  input: CreateConversationInput,
  viewerId: string,
  models: ModelCatalogue,
): NewConversation {
  const others = readMemberIds(input.memberIds ?? [], 'memberIds').filter((id) => id !== viewerId)
  requireFit(input, others.length)
  const wantsAssistant = input.kind === 'ASSISTANT' || input.assistant != null
  return {
    kind: input.kind,
    title: readTitle(input.title),
    topic: readTopic(input.topic),
    assistant: wantsAssistant ? readAssistantSettings(input.assistant ?? {}, models) : null,
    others,
  }
}

function requireFit({ kind, title, topic }: CreateConversationInput, others: number): void {
  if (kind === 'ASSISTANT' && others > 0) {
    throw unfit('An ASSISTANT conversation has one member; make a GROUP instead.', 'memberIds')
  }
  if (kind !== 'DIRECT') return
  if (others !== 1) throw unfit('Name exactly one other person; for more of them make a GROUP.', 'memberIds')
  if (title != null) throw unfit('A DIRECT conversation has no title; leave it out.', 'title')
  if (topic != null) throw unfit('A DIRECT conversation has no topic; leave it out.', 'topic')
}

const unfit = (message: string, field: string) => new UserFault('BAD_USER_INPUT', message, ['input', field])
