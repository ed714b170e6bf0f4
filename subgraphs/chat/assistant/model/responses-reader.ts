import { type AnswerReader, CallBounds, fieldsOf, textOf, usageOf } from './answer-reader.ts'
import { GenerationError } from './generation-error.ts'
import type { ModelAnswer, ReportedUsage, RequestedCall } from './model-request.ts'
import { visible } from './received.ts'

/** Reads the events of a streamed response. They are numbered: one that comes twice is taken once. */
export class ResponsesReader implements AnswerReader {
  readonly #calls: RequestedCall[] = []
  readonly #bounds = new CallBounds()
  #lastEvent = -1
  #finishReason: 'stop' | 'length' | undefined
  #usage: ReportedUsage = null

  get isWhole(): boolean {
    return this.#finishReason !== undefined
  }

  get usage(): ReportedUsage {
    return this.#usage
  }

  take(value: unknown): string {
    const event = fieldsOf(value)
    if (this.isWhole || this.#isRepeated(event.sequence_number)) return ''
    switch (event.type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return textOf(event.delta)
      case 'response.output_item.done':
        this.#takeItem(fieldsOf(event.item))
        break
      case 'response.completed':
      case 'response.incomplete':
        this.#end(fieldsOf(event.response))
        break
      case 'response.failed':
        this.#usage = usageIn(fieldsOf(event.response))
        throw failure(fieldsOf(fieldsOf(event.response).error))
    }
    return ''
  }

  answer(): Omit<ModelAnswer, 'endpoint'> {
    const usage = this.#usage
    if (this.#finishReason === 'length') return { usage, finishReason: 'length', calls: [] }
    return { usage, finishReason: this.#calls.length > 0 ? 'calls' : 'stop', calls: this.#calls }
  }

  #isRepeated(number: unknown): boolean {
    if (typeof number !== 'number') return false
    if (number <= this.#lastEvent) return true
    this.#lastEvent = number
    return false
  }

  #takeItem({ type, call_id: id, name, arguments: text }: Readonly<Record<string, unknown>>): void {
    if (type !== 'function_call' || textOf(name) === '') return
    this.#bounds.begin()
    this.#bounds.add(textOf(id), textOf(name), textOf(text))
    const position = this.#calls.length + 1
    this.#calls.push({ id: textOf(id) || `call_${position}`, name: textOf(name), arguments: textOf(text) || '{}' })
  }

  #end(response: Readonly<Record<string, unknown>>): void {
    this.#usage = usageIn(response)
    const { reason } = fieldsOf(response.incomplete_details)
    if (reason === 'content_filter') throw new GenerationError('MODERATION_REFUSED')
    this.#finishReason = response.status === 'incomplete' ? 'length' : 'stop'
  }
}

function usageIn(response: Readonly<Record<string, unknown>>): ReportedUsage {
  const usage = fieldsOf(response.usage)
  return usageOf(usage.input_tokens, usage.output_tokens)
}

/** A failure in a stream; the provider's words go no further than its cause. */
function failure({ code, message }: Readonly<Record<string, unknown>>): Error {
  const words = new Error(visible(`${textOf(code)}: ${textOf(message)}`))
  return code === 'rate_limit_exceeded' ? new GenerationError('PROVIDER_RATE_LIMITED', { cause: words }) : words
}
