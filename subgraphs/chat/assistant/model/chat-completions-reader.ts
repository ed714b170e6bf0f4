import { type AnswerReader, fieldsOf, textOf, usageOf } from './answer-reader.ts'
import { GenerationError } from './generation-error.ts'
import type { ModelAnswer, ReportedUsage, RequestedCall } from './model-request.ts'

/** A call as far as it has come. */
interface GrowingCall {
  readonly index: unknown
  id: string
  name: string
  arguments: string
}

/**
 * Reads the chunks of a streamed chat completion. What does not belong there is passed over, and nothing after the
 * reason of the end counts, except what it has cost.
 */
export class ChatCompletionsReader implements AnswerReader {
  readonly #calls: GrowingCall[] = []
  #finishReason: string | undefined
  #usage: ReportedUsage = null

  get isWhole(): boolean {
    return this.#finishReason !== undefined
  }

  take(event: unknown): string {
    const chunk = fieldsOf(event)
    const usage = fieldsOf(chunk.usage)
    this.#usage = usageOf(usage.prompt_tokens, usage.completion_tokens) ?? this.#usage
    const choice = fieldsOf(Array.isArray(chunk.choices) ? chunk.choices[0] : undefined)
    if (this.isWhole || (choice.index ?? 0) !== 0) return ''
    const delta = fieldsOf(choice.delta)
    if (Array.isArray(delta.tool_calls)) for (const call of delta.tool_calls) this.#takeCall(fieldsOf(call))
    this.#finishReason = textOf(choice.finish_reason) || undefined
    // Where a model refuses, what it says instead stands in another field.
    return textOf(delta.content) || textOf(delta.refusal)
  }

  answer(): Omit<ModelAnswer, 'endpoint'> {
    if (this.#finishReason === 'content_filter') throw new GenerationError('MODERATION_REFUSED')
    const usage = this.#usage
    // A call that was cut off must not be done.
    if (this.#finishReason === 'length') return { usage, finishReason: 'length', calls: [] }
    const calls = this.#calls.filter(({ name }) => name !== '').map(toRequestedCall)
    return { usage, finishReason: calls.length > 0 ? 'calls' : 'stop', calls }
  }

  /** The first part of a call has its id and name, which some servers repeat; the others go on with its arguments. */
  #takeCall(part: Readonly<Record<string, unknown>>): void {
    const { name, arguments: text } = fieldsOf(part.function)
    const call = this.#callOf(part.index, textOf(part.id))
    call.name ||= textOf(name)
    call.arguments += textOf(text)
  }

  /** Some servers give no index, or one index to all calls; then it is the id that tells them apart. */
  #callOf(index: unknown, id: string): GrowingCall {
    const known = this.#calls.findLast((call) => (index === undefined ? id === '' : call.index === index))
    if (known && (id === '' || known.id === '' || known.id === id)) {
      known.id ||= id
      return known
    }
    const begun = { index, id, name: '', arguments: '' }
    this.#calls.push(begun)
    return begun
  }
}

function toRequestedCall({ id, name, arguments: text }: GrowingCall, position: number): RequestedCall {
  return { id: id || `call_${position + 1}`, name, arguments: text || '{}' }
}
