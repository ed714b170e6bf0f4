import type OpenAI from 'openai'
import type { RequestStyle } from './chat-completions-request.ts'
import type { ModelRequest, Turn } from './model-request.ts'

/** The interface takes no lower limit. */
const FEWEST_OUTPUT_TOKENS = 16

/** A request as the interface `responses` takes it, streaming; nothing of it is kept there. */
export function toResponsesRequest(
  { turns, temperature, maxOutputTokens, tools }: ModelRequest,
  { model, more }: Pick<RequestStyle, 'model' | 'more'>,
): OpenAI.Responses.ResponseCreateParamsStreaming {
  return {
    model,
    input: turns.flatMap(toItems),
    stream: true,
    store: false,
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { max_output_tokens: Math.max(FEWEST_OUTPUT_TOKENS, maxOutputTokens) }),
    ...(tools &&
      tools.length > 0 && {
        tools: tools.map(({ parameters, ...tool }) => ({
          ...{ type: 'function' as const, ...tool, parameters: { ...parameters }, strict: false },
        })),
      }),
    ...more,
  }
}

function toItems(turn: Turn): OpenAI.Responses.ResponseInputItem[] {
  if (turn.role === 'tool') return [{ type: 'function_call_output', call_id: turn.callId, output: turn.content }]
  const said = { role: turn.role, content: turn.content }
  if (turn.role !== 'assistant') return [said]
  const calls = (turn.calls ?? []).map(({ id, name, arguments: text }) => ({
    ...{ type: 'function_call' as const, call_id: id, name, arguments: text },
  }))
  return turn.content === '' ? calls : [said, ...calls]
}
