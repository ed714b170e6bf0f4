import OpenAI from 'openai'
import type { AssistantSettings } from '../../conversation/conversation.entity.ts'
import { GenerationError } from './generation-error.ts'

/** One turn of the talk a model reads. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What a whole reply cost, as the model says; null when it does not say. */
export type ReportedUsage = { readonly inputTokens: number; readonly outputTokens: number } | null

/** Before the first piece the SDK tries so often again, honouring retry-after. */
const RETRIES = 2

/** A model behind any OpenAI-compatible API, spoken to through chat completions, which all of them have. */
export class LanguageModel {
  readonly #client: OpenAI
  readonly #idleTimeoutMs: number

  constructor(options: { apiKey: string | undefined; baseUrl: string | undefined; idleTimeoutMs: number }) {
    this.#client = new OpenAI({
      // Servers of one's own need no key, but the SDK insists on one.
      apiKey: options.apiKey ?? 'none',
      ...(options.baseUrl !== undefined && { baseURL: options.baseUrl }),
      maxRetries: RETRIES,
      logLevel: 'off',
    })
    this.#idleTimeoutMs = options.idleTimeoutMs
  }

  /**
   * Asks for a reply and hands on its text piece by piece; a slow `onText` slows the model down.
   *
   * @throws GenerationError PROVIDER_TIMEOUT when nothing came for the idle timeout, STREAM_INCOMPLETE when the stream
   * ended without saying that the reply is whole; whatever else the SDK throws; the signal's reason when aborted.
   */
  async reply(
    settings: AssistantSettings,
    turns: Turn[],
    options: { signal: AbortSignal; onText: (text: string) => Promise<void> },
  ): Promise<ReportedUsage> {
    const idle = new IdleTimer(this.#idleTimeoutMs)
    const signal = AbortSignal.any([options.signal, idle.signal])
    try {
      const client = this.#client.withOptions({ fetch: (...request) => idle.fetch(...request) })
      const stream = await client.chat.completions.create(toRequest(settings, turns), { signal })
      let usage: ReportedUsage = null
      let isWhole = false
      for await (const { choices, usage: reported } of stream) {
        idle.restart()
        const text = choices[0]?.delta?.content
        if (text) await options.onText(text)
        isWhole ||= choices[0]?.finish_reason != null
        if (reported) usage = { inputTokens: reported.prompt_tokens, outputTokens: reported.completion_tokens }
      }
      // The SDK ends its loop without a word both when aborted and when the stream was cut.
      signal.throwIfAborted()
      if (!isWhole) throw new GenerationError('STREAM_INCOMPLETE')
      return usage
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      idle.stop()
    }
  }
}

function toRequest(settings: AssistantSettings, turns: Turn[]) {
  return {
    model: settings.model,
    messages: turns.map(({ role, content }) => ({ role, content })),
    stream: true as const,
    stream_options: { include_usage: true },
    ...(settings.temperature !== undefined && { temperature: settings.temperature }),
    ...(settings.maxOutputTokens !== undefined && { max_completion_tokens: settings.maxOutputTokens }),
  }
}

/**
 * Aborts when nothing came for a while, neither headers nor the next piece: the SDK's own timeout, ten minutes, knows
 * only the headers. It rests while the SDK waits before it tries again, which is no silence of the model's.
 */
class IdleTimer {
  readonly #controller = new AbortController()
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Fetches against the clock; of a refusal everything, of an answer its headers. */
  async fetch(...request: Parameters<typeof fetch>): Promise<Response> {
    this.restart()
    try {
      const response = await fetch(...request)
      if (response.ok) return response
      const refusal = new Response(await response.arrayBuffer(), response)
      this.stop()
      return refusal
    } catch (error) {
      this.stop()
      throw error
    }
  }

  restart(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(new GenerationError('PROVIDER_TIMEOUT')), this.#timeoutMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
