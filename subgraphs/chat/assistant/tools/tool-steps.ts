import type { EntityManager } from '@mikro-orm/postgresql'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import type { Logger } from '../../../../platform/logging.ts'
import { Conversation } from '../../conversation/conversation.entity.ts'
import { doorbellOf, ringOf } from '../../event-log/doorbell.ts'
import type { AppendedEvents } from '../../event-log/event-log.ts'
import { Message } from '../../message/message.entity.ts'
import { bookCall, type CallUsage } from '../generation/book-call.ts'
import { type Claim, LeaseLostError } from '../generation/generation-lease.ts'
import { surely } from '../generation/surely.ts'
import type { ModelAnswer, ToolDefinition } from '../model/model-request.ts'
import type { Models } from '../model/models.ts'
import type { Ledger } from '../usage/ledger.ts'
import { readCalls } from './new-calls.ts'
import { LONGEST_RUN_MS, runTool, type ToolResult } from './run-tool.ts'
import type { ToolContext } from './tool.ts'
import type { ToolCall } from './tool-call.entity.ts'
import { canRepeat, countSteps, journalCalls, journalResult, type NextStep, takeNextStep } from './tool-journal.ts'
import { TOOLS_NOTE, type Tools } from './tools.ts'

/** What a reply does after its tools: see {@link NextStep}. */
export type AfterTools = Exclude<NextStep, object>

export interface ToolStepsOptions {
  /** A new entity manager for each step. */
  readonly fork: () => EntityManager
  readonly bus: EventBus
  readonly ledger: Ledger
  readonly models: Models
  readonly tools: Tools
  readonly logger: Logger
  /** How long a tool may take, in milliseconds; 10,000 unless given. */
  readonly longestRunMs?: number | undefined
}

/** Has tools do what a model asks for while it writes a reply, so that a crash repeats nothing that must not be. */
export class ToolSteps {
  readonly #options: ToolStepsOptions

  constructor(options: ToolStepsOptions) {
    this.#options = options
  }

  /** What a model is told of tools, if it takes any: a server whose model does not may refuse the whole request. */
  offerTo(model: string): { readonly tools: readonly ToolDefinition[]; readonly note: string } | undefined {
    const { models, tools } = this.#options
    const { definitions } = tools
    return models.get(model).usesTools && definitions.length > 0 ? { tools: definitions, note: TOOLS_NOTE } : undefined
  }

  /**
   * Whether a worker that has taken a reply may go on with it: not when a tool was at work that may not be run twice, and
   * nobody knows whether it was. The reply then ends INTERRUPTED.
   */
  canResume(em: EntityManager, claim: Claim): Promise<boolean> {
    return canRepeat(em, claim, this.#mayRepeat)
  }

  /**
   * Journals what the model has called, books what its answer cost, and does as {@link resume}. A call of a tool that the
   * model was not offered fails like one of a tool that does not exist. The reply's text must have been written.
   *
   * @param usage what the call of the model has cost; estimated when not given.
   * @throws LeaseLostError; the signal's reason when aborted.
   */
  async take(
    claim: Claim,
    answer: Pick<ModelAnswer, 'calls'>,
    { usage, signal }: { readonly usage?: CallUsage; readonly signal: AbortSignal },
  ): Promise<AfterTools> {
    const { fork, ledger, tools } = this.#options
    const offered = new Set(this.offerTo(claim.model)?.tools.map(({ name }) => name))
    const calls = readCalls(answer.calls, { tools, offered })
    const book = (transaction: EntityManager) => bookCall(transaction, claim, ledger, { used: usage, replies: 0 })
    const after = await surely(() => countSteps(fork(), claim), signal)
    this.#ring(claim, await surely(() => journalCalls(fork(), claim, { calls, after }, book), signal))
    return this.resume(claim, signal)
  }

  /**
   * Runs what is journaled and has no result, until there is nothing to run: to be done before a worker that has taken
   * a reply asks the model. Calls of one answer run side by side; one whose worker was lost meanwhile runs again, if it
   * may.
   *
   * @throws LeaseLostError; Error when {@link canResume} would have said no; the signal's reason when aborted.
   */
  async resume(claim: Claim, signal: AbortSignal): Promise<AfterTools> {
    for (;;) {
      signal.throwIfAborted()
      const next = await takeNextStep(this.#options.fork(), claim, this.#mayRepeat)
      if (typeof next === 'string') return next
      await this.#runAll(claim, next.run, signal)
    }
  }

  /** When one cannot be journaled none can, and the others are let go of. */
  async #runAll(claim: Claim, calls: readonly ToolCall[], signal: AbortSignal): Promise<void> {
    const failure = new AbortController()
    const context = await this.#contextOf(claim, AbortSignal.any([signal, failure.signal]))
    const runs = calls.map(async (call) => {
      try {
        const result = await this.#run(call, context)
        this.#ring(claim, await journalResult(this.#options.fork(), claim, call, result))
      } catch (error) {
        failure.abort(error)
        throw error
      }
    })
    await Promise.allSettled(runs)
    await Promise.all(runs)
  }

  async #contextOf(claim: Claim, signal: AbortSignal): Promise<Omit<ToolContext, 'em' | 'viewerId'> & AskedBy> {
    const em = this.#options.fork()
    const { conversationId, messageId } = claim
    const conversation = await em.findOne(Conversation, { id: conversationId, deletedAt: null })
    const reply = await em.findOne(Message, { conversationId, id: messageId })
    if (!conversation || !reply) throw new LeaseLostError()
    return { conversation, questionId: reply.answersId ?? null, signal, viewerId: claim.requestedBy }
  }

  async #run(call: ToolCall, { viewerId, ...context }: Omit<ToolContext, 'em' | 'viewerId'> & AskedBy) {
    const { fork, tools, logger, longestRunMs = LONGEST_RUN_MS } = this.#options
    const tool = tools.get(call.name)
    if (!tool) return failed('There is no tool of this name any more.')
    if (viewerId === null) return failed('Whoever asked for this is gone.')
    const options = { context: { ...context, viewerId, em: fork() }, longestMs: longestRunMs }
    const result = await runTool(tool, call, options)
    if (result.error !== undefined) logger.warn({ err: result.error, tool: call.name, call: call.id }, 'a tool failed')
    return result
  }

  readonly #mayRepeat = (name: string) => this.#options.tools.get(name)?.isIdempotent === true

  #ring({ conversationId }: Claim, appended: AppendedEvents | null): void {
    if (appended) this.#options.bus.publish(doorbellOf(conversationId), ringOf(appended))
  }
}

/** The UUID of whoever asked for a reply; null once their account was deleted. */
interface AskedBy {
  readonly viewerId: string | null
}

function failed(result: string): ToolResult {
  return { status: 'FAILED', result }
}
