import * as z from 'zod'
import type { DemoMessage } from './demo-model-tools.ts'
import { RequestError } from './request-error.ts'

/** A chat completion asked for, reduced to what the demo assistant minds. */
export interface ChatRequest {
  readonly model: string
  readonly conversation: readonly DemoMessage[]
  /** The names of the tools that it may call. */
  readonly tools: readonly string[]
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly maxTokens: number | undefined
}

const contentPart = z.object({ type: z.string(), text: z.string().optional() })
const tokenLimit = z.int().min(1).nullish()
const chatRequest = z.object({
  model: z.string(),
  messages: z
    .array(
      z.object({
        role: z.enum(['developer', 'system', 'user', 'assistant', 'tool', 'function']),
        content: z.union([z.string(), z.array(contentPart)]).nullish(),
        tool_calls: z.array(z.unknown()).nullish(),
      }),
    )
    .min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(z.object({ function: z.object({ name: z.string() }).optional() })).nullish(),
  tool_choice: z.unknown().optional(),
  max_tokens: tokenLimit,
  max_completion_tokens: tokenLimit,
})

/**
 * Reads the body of `POST /v1/chat/completions`. Content parts other than text, and parameters without a meaning for
 * canned answers (temperature, stop and the like), are accepted and ignored; of `tool_choice` only `none` is
 * heeded; `max_completion_tokens` wins over the older `max_tokens`.
 *
 * @throws {RequestError} 400 `missing_required_parameter` or `invalid_value`, naming the parameter.
 */
export function readChatRequest(body: unknown): ChatRequest {
  const result = chatRequest.safeParse(body, { reportInput: true })
  if (!result.success) throw refusal(result.error.issues[0])
  const { model, messages, tools, tool_choice, stream, stream_options, max_tokens, max_completion_tokens } = result.data
  const offered = tool_choice === 'none' ? [] : (tools ?? [])
  return {
    model,
    conversation: messages.map(({ role, content, tool_calls }) => ({
      ...{ role, text: textOf(content), callsTools: (tool_calls ?? []).length > 0 },
    })),
    tools: offered.map((tool) => tool.function?.name ?? ''),
    stream: stream ?? false,
    includeUsage: stream_options?.include_usage ?? false,
    maxTokens: max_completion_tokens ?? max_tokens ?? undefined,
  }
}

function textOf(content: string | z.infer<typeof contentPart>[] | null | undefined): string {
  return typeof content === 'string' ? content : (content ?? []).map(({ text }) => text ?? '').join('')
}

function refusal(issue: z.core.$ZodIssue | undefined): RequestError {
  if (!issue || issue.path.length === 0) {
    return new RequestError(400, 'invalid_value', 'Send a JSON object with "model" and "messages" as the request body.')
  }
  const parameter = z.core.toDotPath(issue.path)
  return issue.input === undefined
    ? new RequestError(400, 'missing_required_parameter', `Missing required parameter: '${parameter}'.`, parameter)
    : new RequestError(400, 'invalid_value', `Invalid value for '${parameter}': ${issue.message}.`, parameter)
}
