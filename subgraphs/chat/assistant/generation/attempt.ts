import type { EntityManager } from '@mikro-orm/postgresql'
import { type AssistantSettings, Conversation } from '../../conversation/conversation.entity.ts'
import type { ToolDefinition } from '../model/model-request.ts'
import type { Prompt, Prompts, ToolOffer } from '../prompt/prompt.ts'
import { journaledTurns, NOTHING_YET } from '../tools/journaled-turns.ts'
import type { BegunClaim } from './claim.ts'
import { type Claim, LeaseLostError } from './generation-lease.ts'

/** One worker's attempt at a reply, with all that the model is told for it. */
export interface Attempt {
  readonly claim: BegunClaim
  readonly settings: AssistantSettings
  readonly prompt: Prompt
  /** What the reply answers; empty when it was deleted. */
  readonly question: string
  /** What of the text was there already. */
  readonly keptText: string
  /** What the model may call. */
  readonly tools: readonly ToolDefinition[]
}

/**
 * Reads what the model is to be told.
 *
 * @throws LeaseLostError when there is nothing to answer any more.
 */
export async function prepareAttempt(
  em: EntityManager,
  claim: BegunClaim,
  { prompts, offer }: { prompts: Prompts; offer: ToolOffer | undefined },
): Promise<Attempt> {
  const { conversationId } = claim
  const [conversation, reply] = await Promise.all([em.findOne(Conversation, conversationId), readReply(em, claim)])
  // Its last member may have left since it was claimed, and taken it all along.
  if (!conversation || !reply) throw new LeaseLostError()
  const settings = { ...conversation.assistant, model: claim.model }
  const keptText = claim.isFirst ? '' : await readText(em, claim)
  const { turns: beside } = claim.isFirst ? NOTHING_YET : await journaledTurns(em, claim, keptText)
  const prompt = await prompts.build(em, { conversationId, number: reply.number }, settings, { offer, beside })
  await noteOmitted(em, claim, prompt)
  return { claim, settings, prompt, question: reply.question, keptText, tools: offer?.tools ?? [] }
}

/** Where a reply stands in its conversation, and what it answers. */
async function readReply(em: EntityManager, { conversationId, messageId }: Claim) {
  const [reply] = await em.execute<{ number: number; question: string }[]>(
    `SELECT reply.number, coalesce(question.body, '') AS question FROM chat.message reply
     LEFT JOIN chat.message question
       ON question.conversation_id = reply.conversation_id AND question.id = reply.answers_id
     WHERE reply.conversation_id = ? AND reply.id = ?`,
    [conversationId, messageId],
  )
  return reply
}

/** What a reply's chunks hold, in order. */
async function readText(em: EntityManager, { conversationId, id }: Pick<Claim, 'conversationId' | 'id'>) {
  const [row] = await em.execute<{ text: string | null }[]>(
    `SELECT string_agg(text, '' ORDER BY start_offset) AS text FROM chat.generation_chunk
     WHERE conversation_id = ? AND generation_id = ?`,
    [conversationId, id],
  )
  return row?.text ?? ''
}

/** Notes how much the model is not told; most replies are told all, and need no write. */
async function noteOmitted(em: EntityManager, claim: BegunClaim, prompt: Prompt): Promise<void> {
  const { omittedMessages: omitted, summarisedMessages: summarised } = prompt
  if (claim.isFirst && omitted === 0) return
  await em.execute(
    `UPDATE chat.generation SET omitted_messages = ?, summarised_messages = ?
     WHERE conversation_id = ? AND id = ? AND attempt = ? AND status = 'RUNNING'
       AND (omitted_messages, summarised_messages) <> (?, ?)`,
    [omitted, summarised, claim.conversationId, claim.id, claim.attempt, omitted, summarised],
  )
}
