import { createHash } from 'node:crypto'
import type { Span } from '@opentelemetry/api'
import type { FormattedExecutionResult } from 'graphql'
import { SubgraphUnavailableError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import type { Client } from '../identity/client.ts'
import type { SubscriptionPlan } from '../subscriptions/subscription-planner.ts'
import type { UpstreamEvent } from '../upstream/upstream-event.ts'
import { withDeadline } from './deadline.ts'
import type { EventExecutor, EventResult } from './event-executor.ts'
import { operationContext } from './operation-context.ts'
import { inEventSpan } from './operation-spans.ts'
import type { Viewing } from './shared-result.ts'
import { SharedResults } from './shared-results.ts'
import { checkSubgraphResponse } from './subgraph-response.ts'

/** A subscription of one viewer, as far as its events depend on it. */
export interface ViewedSubscription {
  /** As it is now. */
  readonly client: () => Client
  readonly requestId: string
  readonly variables: Record<string, unknown>
  /** The span in which it was opened; absent where it is not recorded. */
  readonly opening?: Span | undefined
}

/** What a completion is made with. */
interface Tools {
  readonly executor: EventExecutor
  /** How long the completion of one event may take, in milliseconds. */
  readonly eventMs: number
  readonly logger: Logger
  /** In milliseconds, of a clock that never goes back. */
  readonly now: () => number
}

/**
 * Turns events as subgraphs publish them into what clients asked for, equal ones once for all viewers.
 *
 * That is safe because of two things together. Each viewer has an upstream subscription of their own, so the subgraph
 * that the event comes from has decided for each of them that they get just this event. And an event is shared only when
 * every field that is fetched to complete it is `@viewerIndependent`: its value is the same whoever asks for it, and
 * whoever is shown a reference to an object may see these fields of it. The first viewer's execution, under their own
 * identity, then says what every other one's would have said. Whatever is not known to be so is executed for each viewer.
 */
export class EventCompletion {
  readonly #tools: Tools
  readonly #results: SharedResults
  readonly #keys = new WeakMap<ViewedSubscription, { readonly plan: number; readonly key: string }>()

  constructor(options: Omit<Tools, 'now'> & Partial<Tools>) {
    this.#tools = { now: () => performance.now(), ...options }
    this.#results = new SharedResults(this.#tools)
  }

  /**
   * The JSON text of the execution result that a client gets for an event. Never rejects.
   *
   * @param abandoned aborts when this client waits for it no more.
   */
  complete(
    plan: SubscriptionPlan,
    event: UpstreamEvent,
    request: ViewedSubscription,
    abandoned: AbortSignal,
  ): Promise<string> {
    const viewing = new EventViewing(this.#tools, plan, event, request, abandoned)
    // Errors of the event itself are told to each under the id of their own request.
    const { sharing } = plan.event
    if (!sharing || event.payload?.errors) return viewing.completeAlone()
    const key = this.#keyOf(plan.id, sharing.variables, request)
    return this.#results.of(event, key, sharing.isTimeless).textFor(viewing)
  }

  /** The plan's id, and a hash of the values of variables: these may be long, and a key is kept with each result. */
  #keyOf(plan: number, names: readonly string[], request: ViewedSubscription): string {
    if (names.length === 0) return String(plan)
    const known = this.#keys.get(request)
    if (known?.plan === plan) return known.key
    // A variable that is absent has its default, one that is null has not.
    const given = names.filter((name) => Object.hasOwn(request.variables, name))
    const values = JSON.stringify(given.map((name) => [name, request.variables[name]]))
    const key = `${plan} ${createHash('sha256').update(values).digest('base64')}`
    this.#keys.set(request, { plan, key })
    return key
  }
}

/** One event for one viewer. */
class EventViewing implements Viewing {
  readonly abandoned: AbortSignal
  readonly #since: number
  readonly #tools: Tools
  readonly #plan: SubscriptionPlan
  readonly #event: UpstreamEvent
  readonly #request: ViewedSubscription

  constructor(
    tools: Tools,
    plan: SubscriptionPlan,
    event: UpstreamEvent,
    request: ViewedSubscription,
    abandoned: AbortSignal,
  ) {
    this.#tools = tools
    this.#plan = plan
    this.#event = event
    this.#request = request
    this.abandoned = abandoned
    this.#since = tools.now()
  }

  get isLate(): boolean {
    return this.#spent >= this.#tools.eventMs
  }

  get #spent(): number {
    return this.#tools.now() - this.#since
  }

  async completeAlone(): Promise<string> {
    try {
      return JSON.stringify(this.onTheWire(await this.execute(this.abandoned)))
    } catch (error) {
      return this.failed(error)
    }
  }

  failed(error: unknown): string {
    return JSON.stringify(this.onTheWire({ errors: [error] }))
  }

  async execute(abandoned: AbortSignal): Promise<EventResult> {
    const { client, requestId, variables } = this.#request
    try {
      const response = checkSubgraphResponse(this.#event.payload)
      const run = (signal: AbortSignal) =>
        this.#tools.executor.run(this.#plan.event, response, variables, operationContext(client(), requestId, signal))
      const completed = () => withDeadline(this.#tools.eventMs, run, abandoned, this.#spent)
      return await inEventSpan(this.#request.opening, this.#plan.event.operation, completed)
    } catch (cause) {
      return { errors: [new SubgraphUnavailableError(this.#plan.primary.serviceName, { cause })] }
    }
  }

  onTheWire({ errors, ...result }: EventResult): FormattedExecutionResult {
    const { requestId } = this.#request
    const wireErrors = errors?.map((error) => toWireError(error, requestId, this.#tools.logger))
    return { ...result, ...(wireErrors && { errors: wireErrors }) } as FormattedExecutionResult
  }
}
