import OpenAI from 'openai'
import type { ModelEndpoint } from '../../config-assistant.ts'
import type { AnswerReader } from './answer-reader.ts'
import { boundedAnswer, boundedRefusal } from './bounded-response.ts'
import { ChatCompletionsReader } from './chat-completions-reader.ts'
import { toChatCompletionsRequest } from './chat-completions-request.ts'
import { GenerationError, toGenerationError } from './generation-error.ts'
import { IdleTimer } from './idle-timer.ts'
import { type ModelApi, type ModelDescription, valueAt } from './model-description.ts'
import type { ModelAnswer, ModelRequest } from './model-request.ts'
import { ResponsesReader } from './responses-reader.ts'
import { toResponsesRequest } from './responses-request.ts'

/** Before the first piece the SDK tries so often again, honouring retry-after: less often with another one to ask. */
const RETRIES = 2
const RETRIES_BEFORE_OTHER = 1
/** The SDK passes over a longer retry-after and asks at once; then it is better not to ask again. */
const LONGEST_RETRY_AFTER_S = 60
/** With another endpoint to ask nobody waits longer than this. */
const PATIENCE_S = 5
/** When all is said, what it has cost may still come for so long. */
const AFTERWORD_MS = 1_000
/** Hosts of which it is known that some models refuse the older name of the limit. Others may know only that one. */
const KNOWS_COMPLETION_TOKENS = /(^|\.)(openai\.com|azure\.com)$/

/** What is asked, and who takes the text. */
export interface Question {
  readonly request: ModelRequest
  /** What is known of the model. */
  readonly model: ModelDescription
  readonly signal: AbortSignal
  readonly onText: (text: string) => Promise<void>
  /** Whether somebody else can be asked when this endpoint fails. */
  readonly hasOther: boolean
}

/** One server behind an OpenAI-compatible API. */
export class EndpointClient {
  /** Says which one it is. */
  readonly name: string
  readonly #baseUrl: string
  readonly #client: OpenAI
  readonly #idleTimeoutMs: number

  constructor({ name, baseUrl, apiKey }: ModelEndpoint, idleTimeoutMs: number) {
    this.name = name
    this.#baseUrl = baseUrl
    this.#idleTimeoutMs = idleTimeoutMs
    this.#client = new OpenAI({
      baseURL: baseUrl,
      // The SDK insists on a key, also where none is wanted; and it would read others from the environment.
      ...{ apiKey: apiKey ?? 'none', adminAPIKey: null, organization: null, project: null },
      ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
      logLevel: 'off',
    })
  }

  /**
   * Asks, and hands on the text piece by piece.
   *
   * @throws GenerationError; the signal's reason when aborted; whatever `onText` throws.
   */
  async ask(question: Question): Promise<Omit<ModelAnswer, 'endpoint'>> {
    using idle = new IdleTimer(this.#idleTimeoutMs)
    const reader = this.#api(question.model) === 'responses' ? new ResponsesReader() : new ChatCompletionsReader()
    const taking = { hasText: false, isUnderWay: false, isAfterword: false }
    try {
      for await (const event of await this.#open(question, idle)) {
        const text = reader.take(event)
        if (text !== '') {
          idle.rest()
          Object.assign(taking, { hasText: true, isUnderWay: true })
          await question.onText(text)
          taking.isUnderWay = false
        }
        if (!reader.isWhole) idle.restart()
        else if (!taking.isAfterword) idle.restart(AFTERWORD_MS)
        taking.isAfterword = reader.isWhole
      }
    } catch (error) {
      if (taking.isUnderWay) throw error
      question.signal.throwIfAborted()
      if (!reader.isWhole) throw toGenerationError(idle.signal.aborted ? idle.signal.reason : error, taking.hasText)
    }
    return this.#answer(question, idle, reader)
  }

  /** The SDK ends its loop without a word both when aborted and when the stream was cut. */
  #answer({ signal }: Question, idle: IdleTimer, reader: AnswerReader): Omit<ModelAnswer, 'endpoint'> {
    signal.throwIfAborted()
    if (reader.isWhole) return reader.answer()
    idle.signal.throwIfAborted()
    throw new GenerationError('STREAM_INCOMPLETE')
  }

  async #open(question: Question, idle: IdleTimer): Promise<AsyncIterable<unknown>> {
    const { request, model, hasOther } = question
    const longestWaitS = hasOther ? PATIENCE_S : LONGEST_RETRY_AFTER_S
    const client = this.#client.withOptions({
      fetch: (...call) => timedFetch(idle, longestWaitS, call),
      maxRetries: hasOther ? RETRIES_BEFORE_OTHER : RETRIES,
    })
    const signal = AbortSignal.any([question.signal, idle.signal])
    const style = {
      model: valueAt(model.nameAt, this.#baseUrl) ?? model.id,
      outputLimit: model.outputLimit ?? this.#usualOutputLimit(),
      more: (request.continues && model.continueFields) || {},
    }
    return this.#api(model) === 'responses'
      ? client.responses.create(toResponsesRequest(request, style), { signal })
      : client.chat.completions.create(toChatCompletionsRequest(request, style), { signal })
  }

  #api({ api }: ModelDescription): ModelApi {
    return valueAt<ModelApi>(api, this.#baseUrl) ?? 'chat'
  }

  #usualOutputLimit(): 'max_completion_tokens' | 'max_tokens' {
    return KNOWS_COMPLETION_TOKENS.test(new URL(this.#baseUrl).hostname) ? 'max_completion_tokens' : 'max_tokens'
  }
}

/** Fetches against the clock: of a refusal its beginning, of an answer its headers. What is read of either is bounded. */
async function timedFetch(idle: IdleTimer, longestWaitS: number, call: Parameters<typeof fetch>): Promise<Response> {
  idle.restart()
  try {
    const response = await fetch(...call)
    if (response.ok) return boundedAnswer(response)
    const refusal = await boundedRefusal(response)
    if (secondsToWait(refusal.headers) > longestWaitS) refusal.headers.set('x-should-retry', 'false')
    idle.rest()
    return refusal
  } catch (error) {
    idle.rest()
    throw error
  }
}

/**
 * How long the SDK is told to wait: by `retry-after-ms`, which it reads first, or by `retry-after`, in seconds or as a
 * date (RFC 9110, 10.2.3). 0 when they say nothing.
 */
function secondsToWait(headers: Headers): number {
  const milliseconds = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (!Number.isNaN(milliseconds)) return milliseconds / 1_000
  const value = headers.get('retry-after') ?? ''
  const seconds = Number.parseFloat(value)
  if (!Number.isNaN(seconds)) return seconds
  const date = Date.parse(value)
  return Number.isNaN(date) ? 0 : (date - Date.now()) / 1_000
}
