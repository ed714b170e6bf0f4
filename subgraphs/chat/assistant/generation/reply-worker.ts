import type { EntityManager } from '@mikro-orm/postgresql'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import type { Logger } from '../../../../platform/logging.ts'
import { RepeatedWork } from '../../../../platform/repeated-work.ts'
import { type AssistantSettings, Conversation } from '../../conversation/conversation.entity.ts'
import { BESIDE, doorbellOf, ringOf } from '../../event-log/doorbell.ts'
import type { AppendedEvents } from '../../event-log/event-log.ts'
import { Message } from '../../message/message.entity.ts'
import { GenerationError, toGenerationError } from '../model/generation-error.ts'
import type { LanguageModel, ReportedUsage } from '../model/language-model.ts'
import { buildPrompt, estimateTokens, type Prompt } from '../prompt/prompt.ts'
import {
  type BegunClaim,
  type Claim,
  claimNext,
  finish,
  finishAbandoned,
  handOver,
  LeaseLostError,
  type Outcome,
} from './generation-lease.ts'
import { REPLY_QUEUED } from './reply-queue.ts'
import { LEASE_TIMES, type LeaseTimes, ReplyWriter } from './reply-writer.ts'

export interface ReplyWorkerOptions {
  /** A new entity manager for each step. */
  fork: () => EntityManager
  bus: EventBus
  model: LanguageModel
  /** How many estimated tokens of history the model is given. */
  contextTokens: number
  logger: Logger
  times?: LeaseTimes
}

/** A reply with all that the model is told for it. */
interface Task {
  readonly claim: Claim
  readonly settings: AssistantSettings
  readonly prompt: Prompt
}

/** Replies that one process writes at a time. */
const MOST_AT_ONCE = 64
/** A model that never stops is stopped: so many UTF-16 code units, so many milliseconds. */
const LONGEST_REPLY = 500_000
const LONGEST_REPLY_MS = 15 * 60_000
/** The bus may lose a ring, and a lease runs out without one. */
const SCAN_EVERY_MS = 1_000

/** The worker stops; its replies go to the next one at once. */
const HANDOVER = new Error('The worker hands its replies over.')

/** How a reply ends that was taken over too often. */
const ABANDONED: Outcome = {
  omittedMessages: 0,
  usage: { inputTokens: 0, outputTokens: 0, isEstimated: true },
  error: toWire(new GenerationError('WORKER_LOST')),
}

/** Takes queued replies, and those whose worker died, and writes them. */
export class ReplyWorker implements AsyncDisposable {
  readonly #options: ReplyWorkerOptions
  readonly #times: LeaseTimes
  readonly #stopping = new AbortController()
  readonly #replies = new Set<Promise<void>>()
  readonly #taking: RepeatedWork
  readonly #unsubscribe: () => void

  constructor(options: ReplyWorkerOptions) {
    this.#options = options
    this.#times = options.times ?? LEASE_TIMES
    this.#taking = new RepeatedWork({
      everyMs: SCAN_EVERY_MS,
      work: () => this.#takeAll(),
      onFailure: (error) => options.logger.warn({ err: error }, 'could not look for queued replies'),
    })
    this.#unsubscribe = options.bus.subscribe(REPLY_QUEUED, () => void this.#taking.wake())
    void this.#taking.wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    this.#stopping.abort(HANDOVER)
    await this.#taking[Symbol.asyncDispose]()
    await Promise.all(this.#replies)
  }

  async #takeAll(): Promise<void> {
    const { fork } = this.#options
    while (this.#replies.size < MOST_AT_ONCE && !this.#taking.isStopped) {
      const claim = await claimNext(fork(), this.#times.leaseMs)
      if (!claim) break
      this.#track(this.#write(claim))
    }
    for (
      let ended = await finishAbandoned(fork(), ABANDONED);
      ended;
      ended = await finishAbandoned(fork(), ABANDONED)
    ) {
      this.#ring(ended, ended.ended)
    }
  }

  #track(reply: Promise<void>): void {
    this.#replies.add(reply)
    void reply.finally(() => {
      this.#replies.delete(reply)
      void this.#taking.wake()
    })
  }

  /** Writes one reply to its end. Never rejects: what cannot be ended here is taken over when its lease runs out. */
  async #write(claim: BegunClaim): Promise<void> {
    const { fork, logger } = this.#options
    this.#ring(claim, claim.begun)
    try {
      const task = await this.#prepare(claim)
      const writer = new ReplyWriter({ fork, claim, times: this.#times, onWritten: () => this.#ring(claim, null) })
      this.#ring(claim, await finish(fork(), claim, await this.#converse(task, writer)))
    } catch (error) {
      if (error instanceof LeaseLostError) await this.#tellOfLoss(claim)
      else if (error === HANDOVER) await this.#handOver(claim)
      else logger.error({ err: error, generation: claim.id }, 'could not end a reply; it will be taken over')
    }
  }

  /** @param appended what the log has of it; null when it moved beside the log. */
  #ring({ conversationId }: Claim, appended: AppendedEvents | null): void {
    this.#options.bus.publish(doorbellOf(conversationId), appended ? ringOf(appended) : BESIDE)
  }

  async #tellOfLoss({ id: generation, conversationId }: Claim): Promise<void> {
    const { fork, logger } = this.#options
    try {
      if ((await fork().count(Conversation, { id: conversationId, deletedAt: null })) > 0) {
        logger.warn({ generation }, 'lost the lease on a reply')
      } else logger.info({ generation }, 'stopped a reply, because its conversation was deleted')
    } catch (error) {
      logger.warn({ err: error, generation }, 'lost the lease on a reply')
    }
  }

  async #prepare(claim: Claim): Promise<Task> {
    const { fork, contextTokens } = this.#options
    const em = fork()
    const conversation = await em.findOne(Conversation, claim.conversationId)
    const reply = await em.findOne(Message, { conversationId: claim.conversationId, id: claim.messageId })
    // Its last member may have left since it was claimed, and taken it all along.
    if (!conversation || !reply) throw new LeaseLostError()
    const settings = { ...conversation.assistant, model: claim.model }
    return { claim, settings, prompt: await buildPrompt(em, reply, settings, contextTokens) }
  }

  /** Has the model write; a failure of the model is an outcome, everything else an error. */
  async #converse({ claim, settings, prompt }: Task, writer: ReplyWriter): Promise<Outcome> {
    const { model, logger } = this.#options
    const signal = AbortSignal.any([writer.signal, this.#stopping.signal])
    let usage: ReportedUsage = null
    let thrown: unknown
    try {
      usage = await model.reply(settings, prompt.turns, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_REPLY_MS)]),
        onText: (text) => {
          if (writer.length > LONGEST_REPLY) throw new GenerationError('STREAM_INCOMPLETE')
          return writer.write(text)
        },
      })
    } catch (error) {
      thrown = error
    }
    await writer.close()
    signal.throwIfAborted()
    const failure = thrown === undefined ? undefined : toGenerationError(thrown, writer.length > 0)
    if (failure) logger.warn({ err: thrown, generation: claim.id, code: failure.code }, 'a reply failed')
    return {
      omittedMessages: prompt.omittedMessages,
      usage: usage ? { ...usage, isEstimated: false } : estimateUsage(prompt, writer.length),
      ...(failure && { error: toWire(failure) }),
    }
  }

  async #handOver(claim: Claim): Promise<void> {
    try {
      await handOver(this.#options.fork(), claim)
      this.#options.bus.publish(REPLY_QUEUED, null)
    } catch (error) {
      this.#options.logger.warn({ err: error, generation: claim.id }, 'could not hand a reply over')
    }
  }
}

function toWire({ code, message }: GenerationError) {
  return { code, message }
}

function estimateUsage({ turns }: Prompt, length: number): Outcome['usage'] {
  const inputTokens = turns.reduce((sum, { content }) => sum + estimateTokens(content), 0)
  return { inputTokens, outputTokens: Math.ceil(length / 4), isEstimated: true }
}
