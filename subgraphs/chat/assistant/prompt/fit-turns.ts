import type { Turn } from '../model/model-request.ts'
import type { AssistantModel } from '../model/models.ts'
import { countTurn, countTurns } from './tokens.ts'

/** A prompt as it was made before its reply was begun. */
interface MadePrompt {
  readonly turns: readonly Turn[]
  /** How many of the turns, the first ones, are not what was said. */
  readonly preamble: number
  readonly inputTokens: number
}

/** What a model is given for a call. */
export interface FittedTurns {
  readonly turns: readonly Turn[]
  /** As counted here, the tools included. */
  readonly inputTokens: number
}

const LEFT_OUT = 'What this tool said no longer fits here and was left out. Ask for less at a time.'

/**
 * A prompt and what its reply consists of by now. Where both together exceed a budget of tokens the oldest that was said
 * is left out, and then what tools said, oldest first; never the question, nor the reply's own text.
 */
export function fitTurns(
  { turns, preamble, inputTokens }: MadePrompt,
  beside: readonly Turn[],
  { model, budget }: { model: AssistantModel; budget: number },
): FittedTurns {
  if (beside.length === 0) return { turns, inputTokens }
  let total = inputTokens + countTurns(model, beside)
  let firstKept = preamble
  for (const turn of turns.slice(preamble, -1)) {
    if (total <= budget) break
    total -= countTurn(model, turn.content)
    firstKept += 1
  }
  const own = beside.map((turn) => {
    if (total <= budget || turn.role !== 'tool') return turn
    const saved = countTurn(model, turn.content) - countTurn(model, LEFT_OUT)
    if (saved <= 0) return turn
    total -= saved
    return { ...turn, content: LEFT_OUT }
  })
  return { turns: [...turns.slice(0, preamble), ...turns.slice(firstKept), ...own], inputTokens: total }
}
