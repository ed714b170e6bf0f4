import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../../platform/logging.ts'
import { storableText } from '../../../../platform/storable-text.ts'
import { hasSomethingToSee } from '../../../../platform/visible-text.ts'
import { GenerationError, type GenerationErrorCode, toGenerationError, wordless } from '../model/generation-error.ts'
import type { LanguageModel, ModelAnswer, ModelRequest } from '../model/model-request.ts'
import type { Models } from '../model/models.ts'
import type { Moderator } from '../moderation/moderator.ts'
import type { Prompts } from '../prompt/prompt.ts'
import { textOfCalls } from '../prompt/tokens.ts'
import { type JournaledTurns, journaledTurns, NOTHING_YET } from '../tools/journaled-turns.ts'
import type { AfterTools, ToolSteps } from '../tools/tool-steps.ts'
import { type Ledger, NOTHING_USED } from '../usage/ledger.ts'
import { type Attempt, prepareAttempt } from './attempt.ts'
import type { CallUsage } from './book-call.ts'
import type { BegunClaim } from './claim.ts'
import type { Outcome } from './ending.ts'
import { LeaseLostError } from './generation-lease.ts'
import type { ReplyWriter } from './reply-writer.ts'
import { isPassing, surely } from './surely.ts'
import { lengthInPairs } from './whole-graphemes.ts'

/** What replies are written with. */
export interface ReplyParts {
  /** A new entity manager for each step. */
  readonly fork: () => EntityManager
  readonly model: LanguageModel
  readonly models: Models
  readonly prompts: Prompts
  readonly ledger: Ledger
  readonly moderator: Moderator
  readonly tools: ToolSteps
  /** Whether a model is told how long its answer may be even where nobody has said: somebody pays by the day. */
  readonly boundsAnswers: boolean
  readonly logger: Logger
}

/** What has been written, and how it ends. */
export interface Written {
  readonly attempt: Attempt
  readonly outcome: Outcome
}

/** Calls of the model for one reply; the last of them is offered no tools. */
const MOST_CALLS = 8
/** A model that never stops is stopped: so many UTF-16 code units, so many milliseconds. */
export const LONGEST_REPLY = 500_000
const LONGEST_REPLY_MS = 15 * 60_000
/**
 * How long an answer may be where nothing says so, in tokens. Models refuse to be asked for more than they can write, and
 * of those in use some can write no more than this.
 */
const USUAL_ANSWER = 4_096

/** No fault of anything that an operator could put right. */
const EXPECTED: ReadonlySet<GenerationErrorCode> = new Set(['QUOTA_EXCEEDED', 'MODERATION_REFUSED'])
const NO_USAGE: CallUsage = { ...NOTHING_USED, isEstimated: false }

/** The reply is as long as any may be. */
const TOO_LONG = new Error('The reply is too long.')

/**
 * Has the model write a reply, as far as it comes without somebody's approval: calls it, has tools run, and calls it
 * again. A failure is an outcome, but for what passes when the database is there again.
 *
 * @returns how it ends; null when it waits for an approval, and is nobody's meanwhile.
 * @throws the reason of the signal that ended it.
 */
export async function writeReply(parts: ReplyParts, claim: BegunClaim, means: WritingMeans): Promise<Written | null> {
  const { fork, prompts, tools } = parts
  const offer = tools.offerTo(claim.model)
  const attempt = await surely(() => prepareAttempt(fork(), claim, { prompts, offer }), means.signal)
  const outcome = await new Writing(parts, attempt, means).run()
  return outcome && { attempt, outcome }
}

export interface WritingMeans {
  readonly writer: ReplyWriter
  /** Aborts when the reply is no longer this worker's. */
  readonly held: AbortSignal
  /** Aborts then, and when the worker stops. */
  readonly signal: AbortSignal
}

class Writing {
  readonly #parts: ReplyParts
  readonly #attempt: Attempt
  readonly #writer: ReplyWriter
  readonly #held: AbortSignal
  readonly #signal: AbortSignal
  readonly #tooLong = new AbortController()
  #text: string
  /** Half a surrogate pair, whose other half is to come; who takes over must not go on behind half a character. */
  #half = ''
  /** What the call of the model that failed has cost; estimated when undefined. */
  #failedCall: CallUsage | undefined
  /** The provider itself refused what its model was saying. */
  #isWithheld = false

  constructor(parts: ReplyParts, attempt: Attempt, { writer, held, signal }: WritingMeans) {
    this.#parts = parts
    this.#attempt = attempt
    this.#writer = writer
    this.#held = held
    this.#signal = signal
    this.#text = attempt.keptText
  }

  async run(): Promise<Outcome | null> {
    const timer = setTimeout(() => this.#tooLong.abort(TOO_LONG), LONGEST_REPLY_MS)
    try {
      const outcome = await this.#converse().catch((error: unknown) => this.#brokenOff(error))
      if (!outcome) return null
      // The model has ended: a worker that stops ends the reply all the same, so that nobody pays for it twice.
      await this.#flush()
      const judged = await this.#judged(outcome)
      this.#held.throwIfAborted()
      return judged
    } finally {
      clearTimeout(timer)
    }
  }

  /** Calls the model until it has nothing more to say; null when a tool waits for approval. */
  async #converse(): Promise<Outcome | null> {
    const { fork, tools, moderator } = this.#parts
    const { claim, question } = this.#attempt
    const isResumable = claim.isFirst || (await this.#surely(() => tools.canResume(fork(), claim)))
    if (!isResumable) return { status: 'INTERRUPTED' }
    // It was deleted while the reply waited: what the model would answer is something else, and nobody asked for that.
    if (question === '') return { status: 'CANCELLED' }
    let after: AfterTools = claim.isFirst ? 'go on' : await tools.resume(claim, this.#signal)
    let journal = claim.isFirst ? NOTHING_YET : await this.#journal()
    // By whoever gives it to the model: it may have been changed since an earlier attempt.
    if (after !== 'parked') await moderator.check(question, this.#signal)
    for (let call = journal.calls + 1; after !== 'parked'; call += 1) {
      const isLast = call >= MOST_CALLS
      const { answer, usage } = await this.#call(journal, isLast)
      if (isLast || answer.finishReason !== 'calls') return this.#ended(answer, usage)
      await this.#flush()
      after = await tools.take(claim, answer, { usage, signal: this.#signal })
      journal = await this.#journal()
    }
    return null
  }

  /** How a reply ends with the model's last answer: nobody could tell a reply without a word from one that says nothing. */
  #ended({ finishReason, endpoint }: ModelAnswer, usage: CallUsage): Outcome {
    const outcome = this.#hasWords ? whole(finishReason) : this.#failure(wordless(finishReason))
    return { ...outcome, usage, endpoint }
  }

  get #hasWords(): boolean {
    return hasSomethingToSee(this.#text + this.#half)
  }

  #journal(): Promise<JournaledTurns> {
    return this.#surely(() => journaledTurns(this.#parts.fork(), this.#attempt.claim, this.#text))
  }

  #surely<Result>(work: () => Promise<Result>): Promise<Result> {
    return surely(work, this.#signal)
  }

  /** Calls the model once, for as much as its asker may still spend. */
  async #call(
    { turns, continues }: JournaledTurns,
    isLast: boolean,
  ): Promise<{ answer: ModelAnswer; usage: CallUsage }> {
    const { fork, ledger, models, prompts, boundsAnswers } = this.#parts
    const { claim, settings, prompt, tools } = this.#attempt
    const { model } = claim
    const { turns: given, inputTokens } = prompts.goOn(prompt, settings, turns)
    const { contextTokens, maxOutputTokens } = models.get(model)
    const room = Math.max((contextTokens ?? Infinity) - inputTokens, 1)
    const wanted = Math.min(settings.maxOutputTokens ?? maxOutputTokens ?? USUAL_ANSWER, room)
    const granted = await this.#surely(() => ledger.reserve(fork(), claim, { inputTokens, outputTokens: wanted }))
    const isBound = boundsAnswers || granted < wanted || settings.maxOutputTokens !== undefined
    const begunAt = this.#text.length
    const answer = await this.#ask({
      model,
      turns: given,
      temperature: settings.temperature,
      maxOutputTokens: isBound ? granted : undefined,
      continues,
      needsText: !this.#hasWords,
      ...(tools.length > 0 && !isLast && { tools }),
    })
    if (answer.usage) return { answer, usage: { ...answer.usage, isEstimated: false } }
    const outputTokens = prompts.countTokens(model, this.#text.slice(begunAt) + textOfCalls(answer.calls))
    return { answer, usage: { inputTokens, outputTokens, isEstimated: true } }
  }

  async #ask(request: ModelRequest): Promise<ModelAnswer> {
    const begunAt = this.#text.length + this.#half.length
    try {
      return await this.#parts.model.reply(request, {
        signal: AbortSignal.any([this.#signal, this.#tooLong.signal]),
        onText: (text) => this.#write(text),
      })
    } catch (error) {
      this.#signal.throwIfAborted()
      const usage = error instanceof GenerationError ? error.usage : null
      if (usage) this.#failedCall = { ...usage, isEstimated: false }
      else if (this.#text.length + this.#half.length === begunAt) this.#failedCall = NO_USAGE
      if (error === TOO_LONG || error instanceof LeaseLostError) throw error
      const failure = toGenerationError(error, this.#text !== '')
      this.#isWithheld = failure.code === 'MODERATION_REFUSED'
      throw failure
    }
  }

  async #write(text: string): Promise<void> {
    const room = LONGEST_REPLY - this.#text.length - this.#half.length
    if (room <= 0) throw TOO_LONG
    const given = this.#half + text.slice(0, room)
    const whole = lengthInPairs(given)
    this.#half = given.slice(whole)
    await this.#take(given.slice(0, whole))
    if (text.length > room) throw TOO_LONG
  }

  /** What is judged, counted and given back to the model is what is stored: no NUL, and no half of a pair. */
  async #take(text: string): Promise<void> {
    const stored = storableText(text)
    this.#text += stored
    await this.#writer.write(stored)
  }

  /** Resolves when all is written that the model has said. */
  async #flush(): Promise<void> {
    if (this.#half !== '') await this.#take(this.#half)
    this.#half = ''
    await this.#writer.flush()
  }

  /** A call that failed without a word, and of which the model does not say what it cost, costs nothing. */
  #brokenOff(error: unknown): Outcome {
    this.#signal.throwIfAborted()
    const outcome = { ...this.#failure(error), ...(this.#failedCall && { usage: this.#failedCall }) }
    return this.#isWithheld && this.#text !== '' ? { ...outcome, withdraw: true } : outcome
  }

  /** How the reply ends when the model or what stands around it has failed. */
  #failure(cause: unknown): Outcome {
    if (cause === TOO_LONG && this.#hasWords) return whole('length')
    const error = cause === TOO_LONG ? new GenerationError('PROVIDER_TIMEOUT', { cause }) : cause
    if (error instanceof LeaseLostError || isPassing(error)) throw error
    const { code, message } = error instanceof GenerationError ? error : new GenerationError('INTERNAL')
    const generation = this.#attempt.claim.id
    if (code === 'INTERNAL') this.#parts.logger.error({ err: error, generation, code }, 'a reply failed')
    else if (EXPECTED.has(code)) this.#parts.logger.info({ generation, code }, 'a reply was refused')
    else this.#parts.logger.warn({ err: error, generation, code }, 'a reply failed')
    return { status: 'FAILED', error: { code, message } }
  }

  /** A text that is refused, or that nobody judges, is taken back. */
  async #judged(outcome: Outcome): Promise<Outcome> {
    if (this.#text === '' || outcome.withdraw) return outcome
    try {
      await this.#parts.moderator.check(this.#text, this.#held)
      return outcome
    } catch (error) {
      this.#held.throwIfAborted()
      const { finishReason: _, ...rest } = outcome
      return { ...rest, ...this.#failure(error), withdraw: true }
    }
  }
}

/** An answer whose calls are not run any more was cut off. */
function whole(finishReason: ModelAnswer['finishReason']): Outcome {
  return { status: 'COMPLETED', finishReason: finishReason === 'calls' ? 'length' : finishReason }
}
