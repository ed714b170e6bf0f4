import { createLogger } from '../../../../../platform/logging.ts'
import type { ModelDescription } from '../model-description.ts'
import type { ModelAnswer, ModelRequest, Turn } from '../model-request.ts'
import { Models } from '../models.ts'
import { OpenAiModel, type OpenAiModelOptions } from '../openai-model.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

export const QUESTION: Turn = { role: 'user', content: 'Tell me' }
export const SEARCH = { name: 'search', description: 'Searches.', parameters: { type: 'object' } }

/** The model `m` at these endpoints, of which these facts are known; it may be silent for ten seconds, and is asked again at once. */
export function modelOf(
  options: Pick<OpenAiModelOptions, 'endpoints'> & Partial<OpenAiModelOptions>,
  facts: Partial<ModelDescription> = {},
): OpenAiModel {
  return new OpenAiModel({
    models: new Models([{ id: 'm', ...facts }], false),
    idleTimeoutMs: 10_000,
    retryDelayMs: 1,
    logger,
    ...options,
  })
}

/** What a model answers to {@link QUESTION}, unless asked something else, with its text. */
export async function ask(
  model: OpenAiModel,
  request: Partial<ModelRequest> = {},
  signal = new AbortController().signal,
): Promise<ModelAnswer & { text: string }> {
  let text = ''
  const onText = async (piece: string) => {
    text += piece
  }
  const answer = await model.reply({ model: 'm', turns: [QUESTION], ...request }, { signal, onText })
  return { text, ...answer }
}
