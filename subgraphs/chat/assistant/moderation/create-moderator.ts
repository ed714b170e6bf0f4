import { type Moderator, NO_MODERATION } from './moderator.ts'
import { OpenAiModerator, type OpenAiModeratorOptions } from './openai-moderator.ts'

/** Longer than a judgement takes; a reply waits for it. */
const TIMEOUT_MS = 10_000

/** Who judges by this configuration; where it is null, nobody. */
export function createModerator(moderation: Omit<OpenAiModeratorOptions, 'timeoutMs'> | null): Moderator {
  return moderation ? new OpenAiModerator({ ...moderation, timeoutMs: TIMEOUT_MS }) : NO_MODERATION
}
