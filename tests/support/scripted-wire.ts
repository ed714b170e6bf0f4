/** How a server says something: by the interface that was asked, and as its maker does. */
export type WireStyle = 'openai' | 'ollama' | 'vllm' | 'responses'

export interface ScriptedUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
}

export interface ScriptedCall {
  readonly id: string
  readonly name: string
  /** JSON, or what a model takes for it. */
  readonly arguments: string
}

/** What ends an answer; `tool_calls` goes without saying after a call. */
export type EndReason = 'stop' | 'length' | 'content_filter' | 'tool_calls'

/** The events of one answer. */
export interface Wire {
  text(content: string): unknown[]
  call(call: ScriptedCall, position: number): unknown[]
  end(reason: EndReason, usage: ScriptedUsage | undefined): unknown[]
  /** What stands behind the last event, if anything. */
  readonly terminator: string
}

/** @param wantsUsage whether the request asked for it: vLLM says nothing of it else, Ollama never does. */
export function wireOf(style: WireStyle, wantsUsage: boolean): Wire {
  if (style === 'responses') return new ResponsesWire()
  return new ChatWire(style, wantsUsage)
}

class ChatWire implements Wire {
  readonly terminator = 'data: [DONE]\n\n'
  readonly #style: WireStyle
  readonly #wantsUsage: boolean
  #hasBegun = false

  constructor(style: WireStyle, wantsUsage: boolean) {
    this.#style = style
    this.#wantsUsage = wantsUsage
  }

  text(content: string): unknown[] {
    return [...this.#begin(), this.#chunk({ ...this.#role(), content })]
  }

  call({ id, name, arguments: text }: ScriptedCall, index: number): unknown[] {
    const part = (call: object) => this.#chunk({ ...this.#role(), tool_calls: [{ index, ...call }] })
    if (this.#style === 'ollama') return [part({ id, type: 'function', function: { name, arguments: text } })]
    const half = Math.ceil(text.length / 2)
    return [
      ...this.#begin(),
      part({ id, type: 'function', function: { name, arguments: '' } }),
      part({ function: { arguments: text.slice(0, half) } }),
      part({ function: { arguments: text.slice(half) } }),
    ]
  }

  end(reason: EndReason, usage: ScriptedUsage | undefined): unknown[] {
    const last = this.#chunk(this.#role(), reason)
    const says = usage !== undefined && (this.#style === 'openai' || (this.#style === 'vllm' && this.#wantsUsage))
    return says ? [last, { choices: [], usage: { ...usage, total_tokens: 0 } }] : [last]
  }

  /** vLLM says first who speaks. */
  #begin(): unknown[] {
    if (this.#style !== 'vllm' || this.#hasBegun) return []
    this.#hasBegun = true
    return [this.#chunk({ role: 'assistant', content: '' })]
  }

  /** Ollama says each time who speaks. */
  #role(): object {
    return this.#style === 'ollama' ? { role: 'assistant', content: '' } : {}
  }

  #chunk(delta: object, finishReason: EndReason | null = null): unknown {
    return { choices: [{ index: 0, delta, finish_reason: finishReason }] }
  }
}

class ResponsesWire implements Wire {
  readonly terminator = ''
  #sequence = 0

  text(delta: string): unknown[] {
    return [this.#event('response.output_text.delta', { item_id: 'msg', output_index: 0, content_index: 0, delta })]
  }

  call({ id, name, arguments: text }: ScriptedCall, index: number): unknown[] {
    const item = { type: 'function_call', id: `fc_${id}`, call_id: id, name }
    return [
      this.#event('response.output_item.added', { output_index: index, item: { ...item, arguments: '' } }),
      this.#event('response.function_call_arguments.delta', { output_index: index, item_id: item.id, delta: text }),
      this.#event('response.output_item.done', { output_index: index, item: { ...item, arguments: text } }),
    ]
  }

  end(reason: EndReason, usage: ScriptedUsage | undefined): unknown[] {
    const isWhole = reason === 'stop' || reason === 'tool_calls'
    const why = reason === 'length' ? 'max_output_tokens' : reason
    const response = {
      status: isWhole ? 'completed' : 'incomplete',
      incomplete_details: isWhole ? null : { reason: why },
      output: [],
      usage: usage && { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens, total_tokens: 0 },
    }
    return [this.#event(isWhole ? 'response.completed' : 'response.incomplete', { response })]
  }

  #event(type: string, content: object): unknown {
    return { type, sequence_number: this.#sequence++, ...content }
  }
}
