import { type AnswerReader, CallBounds, fieldsOf, textOf, usageOf } from './answer-reader.ts'
import { GenerationError } from './generation-error.ts'
import type { ModelAnswer, ReportedUsage, RequestedCall } from './model-request.ts'
import { visible } from './received.ts'

/** A call as far as it has come. */
interface GrowingCall {
  readonly index: unknown
  id: string
  name: string
  arguments: string
}

/** What the known reasons of an end mean, those of OpenAI and of other servers. Any other is no good end. */
const ENDS: ReadonlyMap<string, 'whole' | 'length' | 'withheld'> = new Map([
  ...['stop', 'eos', 'eos_token', 'stop_sequence', 'end_turn', 'complete'].map((reason) => [reason, 'whole'] as const),
  ...['tool_calls', 'function_call', 'tool_use'].map((reason) => [reason, 'whole'] as const),
  ...['length', 'max_tokens', 'model_length'].map((reason) => [reason, 'length'] as const),
  ['content_filter', 'withheld'],
])

/**
 * Reads the chunks of a streamed chat completion. What does not belong there is passed over, and nothing after the
 * reason of the end counts, except what it has cost.
 */
export class ChatCompletionsReader implements AnswerReader {
  readonly #calls: GrowingCall[] = []
  readonly #bounds = new CallBounds()
  #finishReason: string | undefined
  #usage: ReportedUsage = null

  get isWhole(): boolean {
    return this.#finishReason !== undefined
  }

  get usage(): ReportedUsage {
    return this.#usage
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
    const end = ENDS.get((this.#finishReason ?? '').toLowerCase())
    if (end === 'withheld') throw new GenerationError('MODERATION_REFUSED')
    if (end === undefined) throw new Error(`It ended with ${visible(this.#finishReason ?? '')}.`)
    const usage = this.#usage
    // A call that was cut off must not be done.
    if (end === 'length') return { usage, finishReason: 'length', calls: [] }
    const calls = this.#calls.filter(({ name }) => name !== '').map(toRequestedCall)
    return { usage, finishReason: calls.length > 0 ? 'calls' : 'stop', calls }
  }

  /** The first part of a call has its id and name, which some servers repeat; the others go on with its arguments. */
  #takeCall(part: Readonly<Record<string, unknown>>): void {
    const given = fieldsOf(part.function)
    const [id, name, text] = [textOf(part.id), textOf(given.name), textOf(given.arguments)]
    const call = this.#callOf(part.index, id)
    this.#bounds.add(id, name, text)
    call.name ||= name
    call.arguments += text
  }

  /** Some servers give no index, or one index to all calls; then it is the id that tells them apart. */
  #callOf(index: unknown, id: string): GrowingCall {
    const known = this.#calls.findLast((call) => (index === undefined ? id === '' : call.index === index))
    if (known && (id === '' || known.id === '' || known.id === id)) {
      known.id ||= id
      return known
    }
    this.#bounds.begin()
    const begun = { index, id, name: '', arguments: '' }
    this.#calls.push(begun)
    return begun
  }
}

function toRequestedCall({ id, name, arguments: text }: GrowingCall, position: number): RequestedCall {
  return { id: id || `call_${position + 1}`, name, arguments: text || '{}' }
}
