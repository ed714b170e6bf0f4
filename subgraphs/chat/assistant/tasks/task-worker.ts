import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../../platform/errors.ts'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import { inLogScope } from '../../../../platform/log-scope.ts'
import type { Logger } from '../../../../platform/logging.ts'
import { RepeatedWork } from '../../../../platform/repeated-work.ts'
import type { ConversationChanges } from '../../conversation/conversation-change.ts'
import type { LanguageModel } from '../model/model-request.ts'
import type { Prompts } from '../prompt/prompt.ts'
import { type Ledger, NOTHING_USED, type TokensUsed } from '../usage/ledger.ts'
import { costOfFailure } from './failed-cost.ts'
import { TASK_PLANNED } from './plan-tasks.ts'
import type { JobResult, SideJob } from './side-job.ts'
import { prepareSummary } from './sum-up.ts'
import {
  claimTask,
  deferTask,
  dropAbandoned,
  handTaskOver,
  lockTask,
  removeTask,
  renewTask,
  retryTask,
  type Task,
} from './task-queue.ts'
import { prepareTitle } from './title.ts'

export interface TaskWorkerOptions {
  /** A new entity manager for each step. */
  fork: () => EntityManager
  bus: EventBus
  changes: ConversationChanges
  model: LanguageModel
  prompts: Prompts
  ledger: Ledger
  logger: Logger
  /** A model is waited for so many milliseconds, 45,000 unless given; less than the 60 seconds for which a task is taken. */
  longestAnswerMs?: number
}

/** What a model has answered, and what that has cost. */
interface Answer {
  readonly text: string
  readonly cost: TokensUsed
}

/** A ring may be lost, and a lease runs out without one. */
const LOOK_EVERY_MS = 2_000
/** Tasks that one process works on at a time. */
const MOST_AT_ONCE = 4
const LONGEST_ANSWER_MS = 45_000
/** A model that never stops is stopped, after so many UTF-16 code units. */
const LONGEST_ANSWER = 20_000

const HANDOVER = new Error('The worker hands its tasks over.')

/** Writes the titles and summaries that are planned. What cannot be written is tried three times, and then left. */
export class TaskWorker implements AsyncDisposable {
  readonly #options: TaskWorkerOptions
  readonly #stopping = new AbortController()
  readonly #tasks = new Set<Promise<void>>()
  readonly #taking: RepeatedWork
  readonly #unsubscribe: () => void

  constructor(options: TaskWorkerOptions) {
    this.#options = options
    this.#taking = new RepeatedWork({
      everyMs: LOOK_EVERY_MS,
      work: () => this.#takeAll(),
      onFailure: (error) => options.logger.warn({ err: error }, 'could not look for titles and summaries to write'),
    })
    this.#unsubscribe = options.bus.subscribe(TASK_PLANNED, () => void this.#taking.wake())
    void this.#taking.wake()
  }

  /** Hands what is under way over to the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    this.#stopping.abort(HANDOVER)
    await this.#taking[Symbol.asyncDispose]()
    await Promise.all(this.#tasks)
  }

  async #takeAll(): Promise<void> {
    const { fork } = this.#options
    await dropAbandoned(fork())
    while (this.#tasks.size < MOST_AT_ONCE && !this.#taking.isStopped) {
      const task = await claimTask(fork())
      if (!task) break
      const scope = { requestId: task.requestId ?? undefined, conversation: task.conversationId }
      const done = inLogScope(scope, () => this.#work(task))
      this.#tasks.add(done)
      void done.finally(() => {
        this.#tasks.delete(done)
        void this.#taking.wake()
      })
    }
  }

  /** Never rejects: what cannot even be put off is taken again when its lease has run out. */
  async #work(task: Task): Promise<void> {
    try {
      const job = await this.#prepare(task)
      if (!job) return await this.#leave(task, NOTHING_USED, removeTask)
      const granted = await this.#setAside(task, job)
      if (!granted) return await this.#leave(task, NOTHING_USED, deferTask)
      await this.#finish(task, job, await this.#ask(task, job, granted))
    } catch (error) {
      const { logger } = this.#options
      logger.warn({ err: error, conversation: task.conversationId }, `could not write a ${task.kind.toLowerCase()}`)
    }
  }

  async #prepare({ conversationId, kind, model, payer }: Task): Promise<SideJob | null> {
    if (payer === null) return null
    const em = this.#options.fork()
    if (kind === 'TITLE') return prepareTitle(em, conversationId)
    return prepareSummary(em, this.#options.prompts, { conversationId, model })
  }

  /**
   * Sets aside what it may cost at most; null when an answer that can be used does not fit what its payer has left of the
   * day, nobody pays, or another process has the task.
   */
  #setAside(task: Task, job: SideJob): Promise<TokensUsed | null> {
    const { prompts, ledger, fork } = this.#options
    const inputTokens = prompts.countTurns(task.model, job.turns)
    const longest = Math.min(job.maxOutputTokens, prompts.longestAnswer(task.model, inputTokens))
    const { leastOutputTokens } = job
    const wanted = { inputTokens, outputTokens: Math.max(1, longest), leastOutputTokens }
    return fork().transactional(async (transaction) => {
      const payer = await lockTask(transaction, task)
      const outputTokens = payer ? await ledger.setAside(transaction, { ...task, payer }, wanted) : null
      return outputTokens === null ? null : { inputTokens, outputTokens }
    })
  }

  /** Null: it failed, and the task is put off; or it was handed over. */
  async #ask(task: Task, job: SideJob, granted: TokensUsed): Promise<Answer | null> {
    const { model, prompts, logger, longestAnswerMs = LONGEST_ANSWER_MS } = this.#options
    const kind = task.kind.toLowerCase()
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(longestAnswerMs)])
    let written = ''
    let isAsked = false
    const counted = () => ({ ...granted, outputTokens: prompts.countTokens(task.model, written) })
    try {
      const onText = async (text: string) => {
        written += text
        if (written.length > LONGEST_ANSWER) throw new Error('The model wrote too much.')
      }
      const request = { model: task.model, turns: job.turns, maxOutputTokens: granted.outputTokens }
      signal.throwIfAborted()
      isAsked = true
      const { usage, finishReason } = await model.reply(request, { signal, onText })
      // Cut at its longest it has not come to its end, and maybe not to its beginning.
      const answer = { text: finishReason === 'length' ? null : job.read(written), cost: usage ?? counted() }
      if (answer.text !== null) return { ...answer, text: answer.text }
      logger.warn({ conversation: task.conversationId }, `a model wrote no ${kind}`)
      await this.#leave(task, answer.cost, retryTask)
    } catch (error) {
      const isHandover = error === HANDOVER
      if (!isHandover) logger.warn({ err: error, conversation: task.conversationId }, `no ${kind} was written`)
      const cost = isAsked ? costOfFailure(error, counted()) : NOTHING_USED
      await this.#leave(task, cost, isHandover ? handTaskOver : retryTask)
    }
    return null
  }

  /** Keeps what was written, ends the task and books its cost, all in one transaction. */
  async #finish(task: Task, job: SideJob, answer: Answer | null): Promise<void> {
    if (!answer) return
    const { changes, fork } = this.#options
    try {
      await changes.apply(fork(), task.conversationId, async (change) => {
        const payer = await lockTask(change.em, task)
        if (payer === undefined) return
        await this.#end(change.em, task, payer === null ? 'done' : await job.keep(change, answer.text))
        await this.#options.ledger.book(change.em, { ...task, payer }, answer.cost)
      })
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      // The conversation was deleted: nobody wants it any more, but what it cost was used.
      await this.#leave(task, answer.cost, removeTask)
    }
  }

  async #end(transaction: EntityManager, task: Task, result: JobResult): Promise<void> {
    if (result === 'done') return removeTask(transaction, task)
    if (result === 'more') return renewTask(transaction, task)
    return retryTask(transaction, task)
  }

  /** Ends this attempt without a result, and books what it has cost. */
  async #leave(
    task: Task,
    cost: TokensUsed,
    leave: (transaction: EntityManager, task: Task) => Promise<void>,
  ): Promise<void> {
    await this.#options.fork().transactional(async (transaction) => {
      const payer = await lockTask(transaction, task)
      if (payer === undefined) return
      await leave(transaction, task)
      await this.#options.ledger.book(transaction, { ...task, payer }, cost)
    })
  }
}
