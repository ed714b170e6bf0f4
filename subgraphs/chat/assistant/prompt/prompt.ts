import type { EntityManager } from '@mikro-orm/postgresql'
import type { AssistantSettings } from '../../conversation/conversation.entity.ts'
import { Message } from '../../message/message.entity.ts'
import type { Turn } from '../model/language-model.ts'

export interface Prompt {
  readonly turns: Turn[]
  /** How many earlier messages did not fit. */
  readonly omittedMessages: number
}

/** More history than this is not even read. */
const MOST_MESSAGES = 500

/** A rough count that needs no tokenizer and is stated wherever it shows: four characters a token, rounded up. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4)
}

/** The talk up to a reply, oldest first, as much of its end as the budget of estimated tokens holds. */
export async function buildPrompt(
  em: EntityManager,
  reply: Pick<Message, 'conversationId' | 'number'>,
  settings: AssistantSettings,
  budgetTokens: number,
): Promise<Prompt> {
  const newestFirst = await em.find(
    Message,
    { conversationId: reply.conversationId, number: { $lt: reply.number } },
    { orderBy: { number: 'desc' }, limit: MOST_MESSAGES },
  )
  const turns: Turn[] = []
  let used = estimateTokens(settings.systemPrompt ?? '')
  for (const { role, body } of newestFirst) {
    used += estimateTokens(body)
    // The question itself always goes in; the model says if it is too long for it.
    if (turns.length > 0 && used > budgetTokens) break
    turns.unshift({ role: role === 'ASSISTANT' ? 'assistant' : 'user', content: body })
  }
  const system: Turn[] = settings.systemPrompt ? [{ role: 'system', content: settings.systemPrompt }] : []
  const omittedMessages = reply.number - 1 - turns.length
  return { turns: [...system, ...turns.filter(({ content }) => content !== '')], omittedMessages }
}
