import OpenAI from 'openai'
import type { ModelEndpoint } from '../../config-assistant.ts'
import { boundedAnswer, boundedRefusal } from './bounded-response.ts'
import { ChatCompletionsReader } from './chat-completions-reader.ts'
import { toChatCompletionsRequest } from './chat-completions-request.ts'
import { GenerationError, type GenerationErrorCode } from './generation-error.ts'
import { Hearing } from './hearing.ts'
import { inModelCall } from './model-call-span.ts'
import { type ModelApi, type ModelDescription, valueAt } from './model-description.ts'
import type { ModelAnswer, ModelRequest } from './model-request.ts'
import { type CountRequest, ProviderMetrics, resultOfAnswer, resultOfStatus } from './provider-metrics.ts'
import { ResponsesReader } from './responses-reader.ts'
import { toResponsesRequest } from './responses-request.ts'
import { Tries } from './tries.ts'

/** Before the first word an endpoint is asked so often, retry-after honoured: less often with another one to ask. */
const TRIES = 3
const TRIES_BEFORE_OTHER = 2
const PASSING: ReadonlySet<GenerationErrorCode> = new Set(['PROVIDER_UNAVAILABLE', 'PROVIDER_RATE_LIMITED'])
/** The SDK passes over a longer retry-after and asks at once; then it is better not to ask again. */
const LONGEST_RETRY_AFTER_S = 60
/** With another endpoint to ask nobody waits longer than this. */
const PATIENCE_S = 5
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
  readonly #retryDelayMs: number
  readonly #count: CountRequest

  /**
   * @param times how long it may be silent, and the first pause before it is asked again, in milliseconds.
   * @param metrics are told what becomes of each request.
   */
  constructor(
    { name, baseUrl, apiKey }: ModelEndpoint,
    times: { idleTimeoutMs: number; retryDelayMs: number },
    metrics = new ProviderMetrics(),
  ) {
    this.#count = metrics.of(name)
    this.name = name
    this.#baseUrl = baseUrl
    this.#idleTimeoutMs = times.idleTimeoutMs
    this.#retryDelayMs = times.retryDelayMs
    this.#client = new OpenAI({
      baseURL: baseUrl,
      // The SDK insists on a key, also where none is wanted; and it would read others from the environment.
      ...{ apiKey: apiKey ?? 'none', adminAPIKey: null, organization: null, project: null },
      ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
      logLevel: 'off',
    })
  }

  /**
   * Asks, and hands on the text piece by piece; asks again where nothing was heard, as the SDK does of a bad status.
   *
   * @throws GenerationError; the signal's reason when aborted; whatever `onText` throws.
   */
  ask(question: Question): Promise<Omit<ModelAnswer, 'endpoint'>> {
    return inModelCall({ baseUrl: this.#baseUrl, endpoint: this.name, ...question }, () => this.#ask(question))
  }

  async #ask(question: Question): Promise<Omit<ModelAnswer, 'endpoint'>> {
    const { model, signal, onText, request } = question
    const tries = new Tries(question.hasOther ? TRIES_BEFORE_OTHER : TRIES, this.#retryDelayMs)
    for (;;) {
      const reader = this.#api(model) === 'responses' ? new ResponsesReader() : new ChatCompletionsReader()
      const { needsText = false, continues = false } = request
      const listener = { signal, onText, needsText, continues }
      using hearing = new Hearing(reader, listener, this.#idleTimeoutMs)
      try {
        const answer = await hearing.hear(() => this.#open(question, hearing, tries))
        this.#count('ok')
        return answer
      } catch (error) {
        if (hearing.hasBegun) this.#count(resultOfAnswer(error))
        if (!hearing.isUnheard || !mayPass(error) || tries.left === 0) throw error
      }
      await tries.pause(signal)
    }
  }

  async #open(question: Question, hearing: Hearing, tries: Tries): Promise<AsyncIterable<unknown>> {
    const { request, model, hasOther } = question
    const longestWaitS = hasOther ? PATIENCE_S : LONGEST_RETRY_AFTER_S
    const client = this.#client.withOptions({
      fetch: (...call) => {
        tries.begin()
        return this.#counted(question, hearing, () => timedFetch(hearing, longestWaitS, call))
      },
      maxRetries: tries.left - 1,
    })
    const signal = AbortSignal.any([question.signal, hearing.idle.signal])
    const style = {
      model: valueAt(model.nameAt, this.#baseUrl) ?? model.id,
      outputLimit: model.outputLimit ?? this.#usualOutputLimit(),
      more: (request.continues && model.continueFields) || {},
    }
    return this.#api(model) === 'responses'
      ? client.responses.create(toResponsesRequest(request, style), { signal })
      : client.chat.completions.create(toChatCompletionsRequest(request, style), { signal })
  }

  /** Counts a request that gets no answer; one that does is counted when that has ended. */
  async #counted({ signal }: Question, { idle }: Hearing, request: () => Promise<Response>): Promise<Response> {
    try {
      const response = await request()
      if (!response.ok) this.#count(resultOfStatus(response.status))
      return response
    } catch (error) {
      this.#count(signal.aborted ? 'cancelled' : idle.signal.aborted ? 'timeout' : 'unreachable')
      throw error
    }
  }

  #api({ api }: ModelDescription): ModelApi {
    return valueAt<ModelApi>(api, this.#baseUrl) ?? 'chat'
  }

  #usualOutputLimit(): 'max_completion_tokens' | 'max_tokens' {
    return KNOWS_COMPLETION_TOKENS.test(new URL(this.#baseUrl).hostname) ? 'max_completion_tokens' : 'max_tokens'
  }
}

/** Whether what a stream failed with may well be over in a moment; what has no bounds, or was silent, took long enough. */
function mayPass(error: unknown): boolean {
  return error instanceof GenerationError && PASSING.has(error.code)
}

/** Fetches against the clock: of a refusal its beginning, of an answer its headers. What is read of either is bounded. */
async function timedFetch(
  { idle, received }: Hearing,
  longestWaitS: number,
  call: Parameters<typeof fetch>,
): Promise<Response> {
  idle.restart()
  try {
    const response = await fetch(...call)
    if (response.ok) return boundedAnswer(response, received)
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
