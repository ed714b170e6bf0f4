import type { ChangeUnderLock } from '../../conversation/conversation-change.ts'
import type { Turn } from '../model/model-request.ts'

/** What came of a task: done; done, and there is more of it; what it was made from has changed meanwhile. */
export type JobResult = 'done' | 'more' | 'outdated'

/** What a model is to be asked beside a reply, and what is to be done with its answer. */
export interface SideJob {
  readonly turns: Turn[]
  /** The longest answer, and what its model thinks before it; one that is cut there is not used. */
  readonly maxOutputTokens: number
  /** An answer for which less is left of the day would most likely be cut: it is not asked for then. */
  readonly leastOutputTokens: number
  /** Makes of the answer what is kept; null when it cannot be used. */
  read(answer: string): string | null
  /** Keeps it, under the lock of the conversation's row. */
  keep(change: ChangeUnderLock, text: string): Promise<JobResult>
}

/**
 * What some models think aloud before they answer, where `LeadingThoughts` has left it in: because it has another name, or
 * because its beginning was in what the model was given. A reply shows such a text, but nothing can be named by it.
 */
const THOUGHTS = /^(?:[\s\S]*?<\/think(?:ing)?>|\s*<think(?:ing)?>[\s\S]*$)/

/** An answer without what its model thought aloud. */
export function withoutThoughts(answer: string): string {
  return answer.replace(THOUGHTS, '').trim()
}

/** The beginning of a text, at most so many UTF-16 code units, never half a character as code points go. */
export function beginningOf(text: string, length: number): string {
  return text.length <= length
    ? text
    : `${text
        .slice(0, length - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`
}
