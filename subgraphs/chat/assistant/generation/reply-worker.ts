import type { EntityManager } from '@mikro-orm/postgresql'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import { inLogScope } from '../../../../platform/log-scope.ts'
import { RepeatedWork } from '../../../../platform/repeated-work.ts'
import { BESIDE, doorbellOf, ringOf } from '../../event-log/doorbell.ts'
import type { AppendedEvents } from '../../event-log/event-log.ts'
import { failureOf } from '../model/generation-error.ts'
import { planTasks, TASK_PLANNED } from '../tasks/plan-tasks.ts'
import { ringOfGrown } from '../text/grown-text.ts'
import { ChunkFlusher, LEASE_TIMES, type LeaseTimes } from './chunk-flusher.ts'
import { type BegunClaim, claimNext, type EndedClaim, finishAbandoned, finishForsaken } from './claim.ts'
import { type FinishOptions, finish, type Outcome } from './ending.ts'
import { type Claim, giveUp, handOver, isStillHeld, LeaseLostError } from './generation-lease.ts'
import { tellOfLoss } from './lost-reply.ts'
import { ReplyBacklog } from './reply-backlog.ts'
import { logEnding, scopeOf } from './reply-log.ts'
import { ReplyMetrics } from './reply-metrics.ts'
import { inReplySpan, traceBreak, traceOutcome } from './reply-span.ts'
import { ReplyWriter, type WrittenText } from './reply-writer.ts'
import { isPassing, surely } from './surely.ts'
import { REPLY_QUEUED, REPLY_STOPPED } from './topics.ts'
import { WorkerMetrics } from './worker-metrics.ts'
import { type ReplyParts, type Written, writeReply } from './write-reply.ts'

/** Where an attempt has come to; the text is committed in `written`, and nothing of the ending in `finishing`. */
export type WorkerStep = 'claimed' | 'first text' | 'written' | 'finishing' | 'finished'

export interface ReplyWorkerOptions extends ReplyParts {
  readonly bus: EventBus
  readonly times?: LeaseTimes | undefined
  /** Is waited for at each step; for tests that stop the world there. */
  readonly steps?: ((step: WorkerStep, claim: Claim) => Promise<void>) | undefined
  readonly replyMetrics?: ReplyMetrics
  readonly workerMetrics?: WorkerMetrics
  /** How often it is seen how many replies wait, in milliseconds. */
  readonly backlogEveryMs?: number | undefined
}

/** A reply that this process writes. */
interface ReplyAtWork {
  readonly claim: Claim
  readonly lost: AbortController
  /** When it was taken, by the clock of `performance.now()`. */
  readonly since: number
}

/** Replies that one process writes at a time. */
const MOST_AT_ONCE = 1_000
/** The bus may lose a ring, and a lease runs out without one. */
const SCAN_EVERY_MS = 1_000
/** Nobody comes back to a reply that was forsaken; there is no hurry. */
const TIDY_EVERY_MS = 10_000

/** The worker stops; its replies go to the next one at once. */
const HANDOVER = new Error('The worker hands its replies over.')

/** How a reply ends that was taken over too often. */
const ABANDONED: Outcome = { status: 'FAILED', error: failureOf('WORKER_LOST') }
/** How one ends that waits for an approval which nobody will give. */
const FORSAKEN: Outcome = { status: 'INTERRUPTED' }
/** How one ends that a fault of ours keeps from being written. */
const FAULTY: Outcome = { status: 'FAILED', error: failureOf('INTERNAL') }

/** Takes queued replies, and those whose worker died, and writes them. */
export class ReplyWorker implements AsyncDisposable {
  readonly #options: ReplyWorkerOptions
  readonly #times: LeaseTimes
  readonly #replyMetrics: ReplyMetrics
  readonly #workerMetrics: WorkerMetrics
  readonly #backlog: ReplyBacklog
  readonly #flusher: ChunkFlusher
  readonly #stopping = new AbortController()
  readonly #replies = new Set<Promise<void>>()
  /** The replies under way by the UUIDs of their generations. */
  readonly #claims = new Map<string, ReplyAtWork>()
  readonly #taking: RepeatedWork
  readonly #abandoning: RepeatedWork
  readonly #tidying: RepeatedWork
  readonly #unsubscribe: (() => void)[]

  constructor(options: ReplyWorkerOptions) {
    const { bus, fork, logger } = options
    this.#options = options
    this.#times = options.times ?? LEASE_TIMES
    this.#replyMetrics = options.replyMetrics ?? new ReplyMetrics()
    this.#workerMetrics = options.workerMetrics ?? new WorkerMetrics()
    this.#backlog = new ReplyBacklog({ fork, logger, everyMs: options.backlogEveryMs })
    this.#workerMetrics.observe({ running: () => this.#replies.size, backlog: () => this.#backlog.seen })
    this.#flusher = new ChunkFlusher({ fork, times: this.#times, onFlush: (ms) => this.#workerMetrics.flushed(ms) })
    const repeatedly = (everyMs: number, work: () => Promise<void>, complaint: string) =>
      new RepeatedWork({ everyMs, work, onFailure: (err) => logger.warn({ err }, complaint) })
    const abandon = () => this.#endAll(() => finishAbandoned(fork(), ABANDONED, options.ledger))
    const tidy = () => this.#endAll(() => finishForsaken(fork(), FORSAKEN, options.ledger))
    this.#taking = repeatedly(SCAN_EVERY_MS, () => this.#takeAll(), 'could not look for queued replies')
    this.#abandoning = repeatedly(SCAN_EVERY_MS, abandon, 'could not end replies whose workers were lost')
    this.#tidying = repeatedly(TIDY_EVERY_MS, tidy, 'could not end replies that nobody waits for')
    this.#unsubscribe = [
      bus.subscribe(REPLY_QUEUED, () => void this.#taking.wake()),
      bus.subscribe(REPLY_STOPPED, (id) => void this.#lookAfter(id)),
    ]
    for (const work of [this.#taking, this.#abandoning, this.#tidying]) void work.wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#stopping.abort(HANDOVER)
    const repeated = [this.#taking, this.#abandoning, this.#tidying, this.#backlog]
    await Promise.all(repeated.map((work) => work[Symbol.asyncDispose]()))
    await Promise.all(this.#replies)
    await this.#flusher[Symbol.asyncDispose]()
  }

  async #takeAll(): Promise<void> {
    const { fork, ledger, models } = this.#options
    const canContinue = (model: string) => models.get(model).canContinue
    let hasNext = true
    // Whoever queues another one afterwards wakes this anew.
    while (hasNext && this.#replies.size < MOST_AT_ONCE && !this.#taking.isStopped) {
      const since = performance.now()
      const claim = await claimNext(fork(), { leaseMs: this.#times.leaseMs, canContinue, ledger })
      hasNext = claim?.hasNext ?? false
      if (claim) this.#track(inLogScope(scopeOf(claim), () => inReplySpan(claim, since, () => this.#write(claim))))
    }
  }

  async #endAll(endNext: () => Promise<EndedClaim | null>): Promise<void> {
    for (let ended = await endNext(); ended; ended = await endNext()) {
      this.#ring(ended, ended.ended)
      if (!ended.ended) continue
      this.#replyMetrics.ended(ended.ended.report)
      logEnding(this.#options.logger, ended, ended.ended.report)
    }
  }

  #track(reply: Promise<void>): void {
    this.#replies.add(reply)
    void reply.finally(() => {
      this.#replies.delete(reply)
      // There is room again, and its conversation is locked no more.
      void this.#taking.wake()
    })
  }

  /** Writes one reply to its end. Never rejects: what cannot be ended here is taken over when its lease runs out. */
  async #write(claim: BegunClaim): Promise<void> {
    const lost = new AbortController()
    if (claim.isTakeover) {
      this.#options.logger.warn({ attempt: claim.attempt }, 'took over a reply whose worker was lost')
      this.#workerMetrics.takenOver()
    }
    this.#claims.set(claim.id, { claim, lost, since: performance.now() })
    this.#ring(claim, claim.begun)
    try {
      await this.#reach('claimed', claim)
      await this.#writeToItsEnd(claim, lost.signal)
    } catch (error) {
      traceBreak(error === HANDOVER ? 'HANDOVER' : error)
      if (error instanceof LeaseLostError) await tellOfLoss(this.#options, claim)
      else if (error === HANDOVER) await this.#handOver(claim)
      else await this.#giveUp(claim, error)
    } finally {
      if (this.#claims.get(claim.id)?.claim === claim) this.#claims.delete(claim.id)
    }
  }

  async #writeToItsEnd(claim: BegunClaim, lost: AbortSignal): Promise<void> {
    const writer = this.#writerFor(claim)
    const held = AbortSignal.any([lost, writer.signal])
    const signal = AbortSignal.any([held, this.#stopping.signal])
    let written: Written | null
    try {
      written = await writeReply(this.#options, claim, { writer, held, signal })
    } finally {
      // What was said until now is kept, whatever becomes of the reply; the reason above says more than this one.
      await writer.close().catch(() => undefined)
    }
    traceOutcome(written?.outcome)
    if (!written) return
    await this.#reach('written', claim)
    await this.#finish(claim, written)
    await this.#reach('finished', claim)
  }

  #writerFor(claim: BegunClaim): ReplyWriter {
    let isFirst = true
    const beganAt = performance.now()
    const { conversationId, id: generationId, messageId, attempt } = claim
    const onWritten = (added: WrittenText) => {
      const ring = ringOfGrown({ messageId, generationId, attempt, ...added })
      this.#options.bus.publish(doorbellOf(conversationId), ring)
      if (!isFirst) return
      isFirst = false
      void this.#reach('first text', claim)
      const { unheardMs, model } = claim
      if (unheardMs !== null) this.#workerMetrics.firstToken(model, unheardMs + performance.now() - beganAt)
    }
    return new ReplyWriter({ flusher: this.#flusher, claim, length: claim.keptLength, onWritten })
  }

  async #finish(claim: BegunClaim, { attempt, outcome }: Written): Promise<void> {
    const { bus } = this.#options
    let isPlanned = false
    const beside = async (transaction: EntityManager) => {
      if (outcome.status === 'COMPLETED') isPlanned = await planTasks(transaction, claim, attempt.prompt)
      await this.#reach('finishing', claim)
    }
    await this.#end(claim, { outcome, beside })
    if (isPlanned) bus.publish(TASK_PLANNED, null)
  }

  /** Ends the reply in the database, and then tells everybody. */
  async #end(claim: BegunClaim, ending: Pick<FinishOptions, 'outcome' | 'beside'>): Promise<void> {
    const { fork, ledger, logger } = this.#options
    const ended = await surely(() => finish(fork(), claim, { ...ending, ledger }))
    this.#ring(claim, ended)
    const { since = performance.now() } = this.#claims.get(claim.id) ?? {}
    if (!ended) return
    this.#replyMetrics.ended(ended.report)
    this.#workerMetrics.written(claim.model, performance.now() - since)
    logEnding(logger, claim, ended.report, performance.now() - since)
  }

  /** @param appended what the log has of it; null when it moved beside the log. */
  #ring({ conversationId }: Claim, appended: AppendedEvents | null): void {
    this.#options.bus.publish(doorbellOf(conversationId), appended ? ringOf(appended) : BESIDE)
  }

  async #reach(step: WorkerStep, claim: Claim): Promise<void> {
    await this.#options.steps?.(step, claim)
  }

  /** Somebody says that a reply was ended. A late word of an earlier ending must not stop who goes on with it. */
  async #lookAfter(id: unknown): Promise<void> {
    const found = typeof id === 'string' ? this.#claims.get(id) : undefined
    if (!found) return
    try {
      if (!(await isStillHeld(this.#options.fork(), found.claim))) found.lost.abort(new LeaseLostError())
    } catch {
      // The renewal of the lease finds it out a second later.
    }
  }

  /** What passes is left to another worker, at once; a fault of ours would only meet that one, too. */
  async #giveUp(claim: BegunClaim, error: unknown): Promise<void> {
    const { bus, fork, logger } = this.#options
    const generation = claim.id
    try {
      if (isPassing(error)) {
        logger.error({ err: error, generation }, 'could not end a reply; it will be taken over')
        await surely(() => giveUp(fork(), claim))
        bus.publish(REPLY_QUEUED, null)
      } else {
        logger.error({ err: error, generation }, 'could not write a reply')
        await this.#end(claim, { outcome: FAULTY })
      }
    } catch (cause) {
      logger.warn({ err: cause, generation }, 'could not let go of a reply; its lease will run out')
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
