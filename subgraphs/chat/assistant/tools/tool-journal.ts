import { type EntityManager, raw } from '@mikro-orm/postgresql'
import { newUuid } from '../../../../platform/ids.ts'
import { type AppendedEvents, appendEvents } from '../../event-log/event-log.ts'
import { type Claim, lockClaimed } from '../generation/generation-lease.ts'
import type { ToolResult } from './run-tool.ts'
import { ToolCall } from './tool-call.entity.ts'
import { RETRACTED, storeQuotes } from './tool-quotes.ts'

/** A call that the journal does not have yet; all of one answer of the model, in order. */
export type NewCall = Pick<ToolCall, 'providerId' | 'name' | 'arguments' | 'status' | 'result'>

/** What is to be done with a reply's calls now. */
export type NextStep =
  | { readonly run: readonly ToolCall[] }
  /** Somebody has to answer; no worker takes the reply until then. */
  | 'parked'
  /** All have a result: the model is to be asked again. */
  | 'go on'

/**
 * Journals the calls of one answer of the model, before any is run. The text is what a worker that takes over begins
 * with from now on: all of it must have been written.
 *
 * @param after how many answers with calls are journaled already, see {@link countSteps}: an answer that was journaled once,
 *   though nobody was told, is not again.
 * @param beside what else is written in the same transaction, last of all.
 * @returns what the bus is to be told.
 * @throws LeaseLostError
 */
export function journalCalls(
  em: EntityManager,
  claim: Claim,
  { calls, after }: { readonly calls: readonly NewCall[]; readonly after: number },
  beside: (transaction: EntityManager) => Promise<void>,
): Promise<AppendedEvents | null> {
  return em.transactional(async (transaction) => {
    await lockClaimed(transaction, claim)
    if ((await countSteps(transaction, claim)) > after) return null
    await insertCalls(transaction, claim, calls)
    const appended = calls.length === 0 ? null : await logChange(transaction, claim)
    await beside(transaction)
    return appended
  })
}

/** How many answers with calls are journaled. */
export async function countSteps(em: EntityManager, { conversationId, id }: Claim): Promise<number> {
  const [{ steps }] = await em.execute<[{ steps: number }]>(
    `SELECT coalesce(max(step), 0) AS steps FROM chat.tool_call WHERE conversation_id = ? AND generation_id = ?`,
    [conversationId, id],
  )
  return steps
}

async function insertCalls(em: EntityManager, claim: Claim, calls: readonly NewCall[]): Promise<void> {
  const rows = calls.map(({ providerId, name, arguments: args, status, result }, position) => ({
    ...{ id: newUuid(), position, provider_id: providerId, name, arguments: args, status, result },
  }))
  await em.execute(
    `WITH reply AS (
       UPDATE chat.generation SET step_length = text_length WHERE conversation_id = ? AND id = ?
       RETURNING conversation_id, id, message_id, text_length, (
         SELECT coalesce(max(step), 0) + 1 FROM chat.tool_call
         WHERE tool_call.conversation_id = generation.conversation_id AND generation_id = generation.id) AS step
     )
     INSERT INTO chat.tool_call (conversation_id, id, generation_id, message_id, step, position, text_offset,
       provider_id, name, arguments, result, status, finished_at)
     SELECT conversation_id, call.id, reply.id, message_id, step, position, text_length,
       provider_id, name, arguments, result, status, CASE status WHEN 'FAILED' THEN now() END
     FROM reply, jsonb_to_recordset(?::jsonb) AS call(id uuid, position integer, provider_id text, name text,
       arguments text, result text, status text)`,
    [claim.conversationId, claim.id, JSON.stringify(rows)],
  )
}

/** Whether a tool of this name may be run once more when nobody knows whether it was. */
export type MayRepeat = (tool: string) => boolean

/** Whether nothing was at work that may not be run twice, when the worker before was lost or stopped. */
export async function canRepeat(em: EntityManager, claim: Claim, mayRepeat: MayRepeat): Promise<boolean> {
  return !(await openCalls(em, claim)).some(({ startedAt, name }) => startedAt && !mayRepeat(name))
}

/**
 * Decides under the reply's lock what comes next, and notes it: that calls are begun, or that the reply waits.
 *
 * @throws LeaseLostError; Error when `canRepeat` would have said no.
 */
export function takeNextStep(em: EntityManager, claim: Claim, mayRepeat: MayRepeat): Promise<NextStep> {
  return em.transactional(async (transaction) => {
    await lockClaimed(transaction, claim)
    const open = await openCalls(transaction, claim)
    const called = open.filter(({ status }) => status === 'RUNNING')
    if (called.some(({ startedAt, name }) => startedAt && !mayRepeat(name)))
      throw new Error('A tool may not be run twice.')
    if (called.length > 0) {
      await transaction.nativeUpdate(ToolCall, called.map(keyOf), { startedAt: raw('now()') })
      return { run: called }
    }
    if (open.length === 0) return 'go on'
    await transaction.execute(
      'UPDATE chat.generation SET is_parked = true, lease_until = NULL WHERE conversation_id = ? AND id = ?',
      [claim.conversationId, claim.id],
    )
    return 'parked'
  })
}

function openCalls(em: EntityManager, { conversationId, id: generationId }: Claim): Promise<ToolCall[]> {
  const isOpen = { conversationId, generationId, status: { $in: ['AWAITING_APPROVAL', 'RUNNING'] as const } }
  return em.find(ToolCall, isOpen, { orderBy: { step: 'asc', position: 'asc' }, disableIdentityMap: true })
}

/**
 * Journals what came of a call.
 *
 * @returns what the bus is to be told.
 * @throws LeaseLostError
 */
export function journalResult(
  em: EntityManager,
  claim: Claim,
  call: ToolCall,
  { status, result, quotes = [] }: ToolResult,
): Promise<AppendedEvents | null> {
  return em.transactional(async (transaction) => {
    await lockClaimed(transaction, claim)
    // Locks the conversation, as whoever changes a message of it does before the message.
    const appended = await logChange(transaction, claim)
    const words = (await storeQuotes(transaction, call, quotes)) ? result : RETRACTED
    await transaction.nativeUpdate(ToolCall, keyOf(call), { status, result: words, finishedAt: raw('now()') })
    return appended
  })
}

function logChange(em: EntityManager, { conversationId, messageId }: Claim): Promise<AppendedEvents | null> {
  return appendEvents(em, conversationId, [{ kind: 'MessageEdited', messageId }])
}

function keyOf({ conversationId, id }: ToolCall) {
  return { conversationId, id }
}
