import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions'
import type { CompletionUsage } from 'openai/resources/completions'
import type { DemoCall } from './demo-model-tools.ts'

/** A finished reply and what its wire messages repeat. */
export interface Completion {
  readonly id: string
  /** Unix time in seconds. */
  readonly created: number
  readonly model: string
  readonly text: string
  /** What is called after the text; then `finishReason` is `tool_calls`. */
  readonly call?: (DemoCall & { readonly id: string }) | undefined
  readonly finishReason: 'stop' | 'length' | 'tool_calls'
  readonly usage: CompletionUsage
}

/** One token stands for this many characters (Unicode code points): the rule behind every count and limit here. */
const CHARACTERS_PER_TOKEN = 4

/** Tokens by the stated rule: one per four characters, rounded up. An estimate; nothing is tokenised. */
export function estimateTokens(text: string): number {
  return Math.ceil(Array.from(text).length / CHARACTERS_PER_TOKEN)
}

/** The text that fits into `maxTokens` by the rule of {@link estimateTokens}; never cut inside a surrogate pair. */
export function fitIntoTokens(
  text: string,
  maxTokens: number | undefined,
): { text: string; finishReason: 'stop' | 'length' } {
  if (maxTokens === undefined || estimateTokens(text) <= maxTokens) return { text, finishReason: 'stop' }
  const fitting = Array.from(text).slice(0, maxTokens * CHARACTERS_PER_TOKEN)
  return { text: fitting.join(''), finishReason: 'length' }
}

/** Usage by the rule of {@link estimateTokens}, the prompt being the text of all messages run together. */
export function estimateUsage(prompt: readonly string[], completion: string): CompletionUsage {
  const prompt_tokens = estimateTokens(prompt.join(''))
  const completion_tokens = estimateTokens(completion)
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}

/** Cuts a text into its words, each with the white space before it; joined again they are the text. */
export function splitIntoPieces(text: string): string[] {
  return text.match(/\s*\S+|\s+$/gu) ?? []
}

/** The answer to a request without `stream`. */
export function toChatCompletion(completion: Completion): ChatCompletion {
  const { id, created, model, text, call, finishReason, usage } = completion
  const tool_calls = call && [{ id: call.id, type: 'function' as const, function: functionOf(call) }]
  const message = { role: 'assistant', content: text, refusal: null, ...(tool_calls && { tool_calls }) } as const
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason }]
  return { id, object: 'chat.completion', created, model, choices, usage }
}

/**
 * The answer to a request with `stream`, as server-sent events: the role, the first piece at once, a `pause` before each
 * piece after it, the call of a tool, the finish reason, the usage if asked for (a chunk without choices), `[DONE]`.
 * What `pause` throws ends the stream.
 */
export async function* toEventStream(
  completion: Completion,
  options: { readonly includeUsage: boolean; readonly pause: () => Promise<void> },
): AsyncGenerator<string, void, void> {
  const { text, call, finishReason, usage } = completion
  const chunk = (choices: ChatCompletionChunk.Choice[]) =>
    toChunk(completion, choices, options.includeUsage ? null : undefined)
  yield toEvent(chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]))
  for (const [index, content] of splitIntoPieces(text).entries()) {
    if (index > 0) await options.pause()
    yield toEvent(chunk([{ index: 0, delta: { content }, finish_reason: null }]))
  }
  for (const tool_call of call ? toPieces(call) : []) {
    yield toEvent(chunk([{ index: 0, delta: { tool_calls: [tool_call] }, finish_reason: null }]))
  }
  yield toEvent(chunk([{ index: 0, delta: {}, finish_reason: finishReason }]))
  if (options.includeUsage) yield toEvent(toChunk(completion, [], usage))
  yield 'data: [DONE]\n\n'
}

/** First what is called, then with what, as models do. */
function toPieces(call: DemoCall & { readonly id: string }): ChatCompletionChunk.Choice.Delta.ToolCall[] {
  const { name, arguments: args } = functionOf(call)
  return [
    { index: 0, id: call.id, type: 'function', function: { name, arguments: '' } },
    { index: 0, function: { arguments: args } },
  ]
}

function functionOf({ name, arguments: args }: DemoCall) {
  return { name, arguments: args }
}

/** With `include_usage` every chunk has the field, null in all but the last. */
function toChunk(
  { id, created, model }: Completion,
  choices: ChatCompletionChunk.Choice[],
  usage: CompletionUsage | null | undefined,
): ChatCompletionChunk {
  const chunk = { id, object: 'chat.completion.chunk', created, model, choices } as const
  return usage === undefined ? chunk : { ...chunk, usage }
}

function toEvent(chunk: ChatCompletionChunk): string {
  return `data: ${JSON.stringify(chunk)}\n\n`
}
