import type OpenAI from 'openai'
import type { ModelRequest, RequestedCall, ToolDefinition, Turn } from './model-request.ts'

/** What else a request says, where servers differ. */
export interface RequestStyle {
  /** What the model is called there. */
  readonly model: string
  /** What the longest answer is called there. */
  readonly outputLimit: 'max_completion_tokens' | 'max_tokens'
  /** Fields beside the known ones. */
  readonly more: Readonly<Record<string, unknown>>
}

/** A request as chat completions take it, streaming. */
export function toChatCompletionsRequest(
  { turns, temperature, maxOutputTokens, tools }: ModelRequest,
  { model, outputLimit, more }: RequestStyle,
): OpenAI.ChatCompletionCreateParamsStreaming {
  return {
    model,
    messages: turns.map(toMessage),
    stream: true,
    stream_options: { include_usage: true },
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { [outputLimit]: maxOutputTokens }),
    ...(tools && tools.length > 0 && { tools: tools.map(toTool) }),
    ...more,
  }
}

function toMessage(turn: Turn): OpenAI.ChatCompletionMessageParam {
  if (turn.role === 'tool') return { role: 'tool', tool_call_id: turn.callId, content: turn.content }
  if (turn.role !== 'assistant' || !turn.calls?.length) return { role: turn.role, content: turn.content }
  return { role: 'assistant', content: turn.content, tool_calls: turn.calls.map(toCall) }
}

function toCall({ id, name, arguments: text }: RequestedCall) {
  return { id, type: 'function' as const, function: { name, arguments: jsonObject(text) } }
}

/** Ollama and vLLM refuse a whole request for arguments that are no JSON, although it was the model that wrote them. */
function jsonObject(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? text : '{}'
  } catch {
    return '{}'
  }
}

function toTool({ name, description, parameters }: ToolDefinition) {
  return { type: 'function' as const, function: { name, description, parameters: { ...parameters } } }
}
