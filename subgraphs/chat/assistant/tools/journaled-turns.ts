import type { EntityManager } from '@mikro-orm/postgresql'
import type { Generation } from '../generation/generation.entity.ts'
import type { RequestedCall, Turn } from '../model/model-request.ts'
import { readArguments } from './call-arguments.ts'
import { ToolCall } from './tool-call.entity.ts'

/** What a reply consists of so far, as its model is to read it. */
export interface JournaledTurns {
  readonly turns: Turn[]
  /** Whether the last of them is the beginning of what the model is to say. */
  readonly continues: boolean
  /** How often the model has been called and has called tools. */
  readonly calls: number
}

/** What a reply has come to that nobody has worked on yet. */
export const NOTHING_YET: JournaledTurns = { turns: [], continues: false, calls: 0 }

/**
 * The turns that a reply has come to: its text, cut where tools were called, with what was called there and what came of
 * it. Calls without a result are said to have none; there are none once `ToolSteps.resume` says to go on.
 *
 * @param keptText the reply's whole text so far.
 */
export async function journaledTurns(
  em: EntityManager,
  reply: Pick<Generation, 'conversationId' | 'id'>,
  keptText: string,
): Promise<JournaledTurns> {
  const calls = await em.find(
    ToolCall,
    { conversationId: reply.conversationId, generationId: reply.id },
    { orderBy: { step: 'asc', position: 'asc' }, disableIdentityMap: true },
  )
  const turns: Turn[] = []
  let offset = 0
  const steps = Map.groupBy(calls, ({ step }) => step)
  for (const [first, ...others] of steps.values()) {
    if (!first) continue
    const content = keptText.slice(offset, first.textOffset)
    turns.push(...turnsOf(content, [first, ...others]))
    offset = Math.max(offset, first.textOffset)
  }
  const rest = keptText.slice(offset)
  if (rest === '') return { turns, continues: false, calls: steps.size }
  return { turns: [...turns, { role: 'assistant', content: rest }], continues: true, calls: steps.size }
}

function turnsOf(content: string, calls: readonly ToolCall[]): Turn[] {
  return [
    { role: 'assistant', content, calls: calls.map(toRequested) },
    ...calls.map(({ providerId, result }) => ({
      ...{ role: 'tool' as const, callId: providerId, content: result ?? 'There is no result.' },
    })),
  ]
}

/** Arguments that are no JSON object stay out: servers that read them would refuse the request. */
function toRequested({ providerId, name, arguments: text }: ToolCall): RequestedCall {
  return { id: providerId, name, arguments: text.trim() !== '' && readArguments(text) ? text : '{}' }
}
