import { APIError } from 'openai'
import type { Logger } from '../../../../platform/logging.ts'
import type { ModelEndpoint } from '../../config-assistant.ts'
import { EndpointClient } from './endpoint-client.ts'
import { GenerationError } from './generation-error.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, Turn } from './model-request.ts'
import type { Models } from './models.ts'
import type { ProviderMetrics } from './provider-metrics.ts'

/** Said to a model that goes on with its own words only when it is asked to. */
export const GO_ON =
  'Your last answer broke off. Go on exactly where it stops, in the middle of a word if need be. Write only what comes ' +
  'next: repeat nothing, and add neither an introduction nor a remark.'

/** What is wrong with such a request is wrong everywhere. */
const WRONG_EVERYWHERE: readonly unknown[] = [400, 413, 422]

export interface OpenAiModelOptions {
  /** In the order in which they are asked. */
  endpoints: readonly ModelEndpoint[]
  models: Models
  /** A model that says nothing for so long has failed, in milliseconds. */
  idleTimeoutMs: number
  logger: Logger
  metrics?: ProviderMetrics | undefined
  /** How long an endpoint that did not answer is asked after the others, in milliseconds. */
  restMs?: number
  /** How long the first pause is before an endpoint is asked again whose stream failed, in milliseconds. */
  retryDelayMs?: number
}

/**
 * Models behind OpenAI-compatible APIs. The endpoints are asked one after the other until one has begun to answer; one
 * that did not is asked last for the next half a minute, so that not every reply waits for it.
 */
export class OpenAiModel implements LanguageModel {
  readonly #clients: readonly EndpointClient[]
  readonly #models: Models
  readonly #logger: Logger
  readonly #restMs: number
  /** Until when an endpoint is asked last for a model, on the clock of `performance.now()`. */
  readonly #resting = new Map<string, number>()

  constructor({ endpoints, models, logger, metrics, restMs = 30_000, ...options }: OpenAiModelOptions) {
    const { idleTimeoutMs, retryDelayMs = 500 } = options
    const times = { idleTimeoutMs, retryDelayMs }
    this.#clients = endpoints.map((endpoint) => new EndpointClient(endpoint, times, metrics))
    this.#models = models
    this.#logger = logger
    this.#restMs = restMs
  }

  async reply(
    asked: ModelRequest,
    { signal, onText }: { signal: AbortSignal; onText: (text: string) => Promise<void> },
  ): Promise<ModelAnswer> {
    const request = this.#withinLimits(asked)
    const model = this.#models.describe(asked.model)
    const clients = this.#inOrder(model.id)
    let hasText = false
    const taken = (text: string) => {
      hasText = true
      return onText(text)
    }
    for (const [index, client] of clients.entries()) {
      const hasOther = index < clients.length - 1
      try {
        const answer = await client.ask({ request, model, signal, onText: taken, hasOther })
        return { ...answer, endpoint: client.name }
      } catch (error) {
        if (hasText || signal.aborted || !isWorthAnother(error)) throw error
        this.#resting.set(restKey(client, model.id), performance.now() + this.#restMs)
        if (!hasOther) throw error
        this.#logger.warn(
          { err: error, endpoint: client.name, model: model.id },
          'a model did not answer; asking another',
        )
      }
    }
    throw new GenerationError('PROVIDER_UNAVAILABLE')
  }

  /** As the endpoints were given, but those that did not answer lately after the others. */
  #inOrder(model: string): EndpointClient[] {
    const now = performance.now()
    const isResting = (client: EndpointClient) => (this.#resting.get(restKey(client, model)) ?? 0) > now
    const { awake = [], resting = [] } = Object.groupBy(this.#clients, (client) =>
      isResting(client) ? 'resting' : 'awake',
    )
    return [...awake, ...resting]
  }

  /** What was asked, as this model can be asked: settings may be older than the configuration. */
  #withinLimits(asked: ModelRequest): ModelRequest {
    const { canContinue, temperature: range, maxOutputTokens: most } = this.#models.get(asked.model)
    const { temperature, maxOutputTokens } = asked
    return {
      ...asked,
      ...continuation(asked, canContinue),
      temperature:
        temperature === undefined || !range ? undefined : Math.min(Math.max(temperature, range[0]), range[1]),
      maxOutputTokens: maxOutputTokens === undefined ? undefined : Math.min(maxOutputTokens, most ?? maxOutputTokens),
    }
  }
}

/** The turns with which a model goes on, if there is something to go on with. */
function continuation(
  { turns, continues = false }: ModelRequest,
  canContinue: boolean,
): { turns: readonly Turn[]; continues: boolean } {
  const last = turns.at(-1)
  if (!continues || last?.role !== 'assistant' || last.calls?.length) return { turns, continues: false }
  if (last.content === '') return { turns: turns.slice(0, -1), continues: false }
  const goOn: Turn = { role: 'user', content: GO_ON }
  return canContinue ? { turns, continues: true } : { turns: [...turns, goOn], continues: false }
}

/** Whether another endpoint may well answer what this one did not. */
function isWorthAnother(error: unknown): boolean {
  if (!(error instanceof GenerationError) || error.code === 'MODERATION_REFUSED') return false
  return !(error.cause instanceof APIError && WRONG_EVERYWHERE.includes(error.cause.status))
}

/** A model that one endpoint does not have says nothing about its others. */
function restKey(client: EndpointClient, model: string): string {
  return `${client.name} ${model}`
}
