import type { EntityManager } from '@mikro-orm/postgresql'
import { type AssistantSettings, Conversation } from '../../conversation/conversation.entity.ts'
import type { NameDirectory } from '../../conversation/people.ts'
import type { Message } from '../../message/message.entity.ts'
import type { ToolDefinition, Turn } from '../model/model-request.ts'
import type { Models } from '../model/models.ts'
import { type FittedTurns, fitTurns } from './fit-turns.ts'
import { countSaid, type History, type HistoryTurn, takeHistory } from './history.ts'
import { NameBook } from './name-book.ts'
import { introduce, SEVERAL_PEOPLE, Speakers } from './speakers.ts'
import { introduceSummary, readSummary, type Summary } from './summary.ts'
import { countTokens, countTurn, countTurns } from './tokens.ts'

/** What a model is told for a reply. */
export interface Prompt {
  /**
   * The instructions in one system turn, if there are any; who the people are, where there are several; then what was
   * said, oldest first.
   */
  readonly turns: Turn[]
  /** How many of the turns, the first ones, are not what was said. */
  readonly preamble: number
  /** How many earlier messages did not fit; those that were deleted are not counted. */
  readonly omittedMessages: number
  /** How many of them are known by a summary. */
  readonly summarisedMessages: number
  /** Whether some of them are newer than what a summary tells of. */
  readonly needsSummary: boolean
  /** As counted here, the tools included. */
  readonly inputTokens: number
}

/** What a model may call, and what it is told of that. */
export interface ToolOffer {
  readonly tools: readonly ToolDefinition[]
  readonly note: string
}

/** Left free for the answer where nothing says how long it may be, in tokens. */
const ROOM_FOR_ANSWER = 1_024

/** Makes what models are told out of what was said. */
export class Prompts {
  readonly #models: Models
  readonly #contextTokens: number
  readonly #names: NameBook

  /** @param options.contextTokens how many tokens of one conversation any model is given at most. */
  constructor(options: { models: Models; contextTokens: number; people: NameDirectory }) {
    this.#models = options.models
    this.#contextTokens = options.contextTokens
    this.#names = new NameBook({ directory: options.people })
    // Loading an encoding holds the process for some hundred milliseconds: now, and not in the middle of somebody's talk.
    for (const { id } of options.models.all) this.countTokens(id, '')
  }

  /**
   * The talk up to a reply, as much of its end as fits, with the summary of what does not when there is one. The question
   * itself always goes in; the model says if it is too long for it.
   *
   * @param options.beside what the reply consists of already, for which room is left.
   */
  async build(
    em: EntityManager,
    reply: Pick<Message, 'conversationId' | 'number'>,
    settings: AssistantSettings,
    { offer, beside = [] }: { offer?: ToolOffer | undefined; beside?: readonly Turn[] } = {},
  ): Promise<Prompt> {
    const { conversationId, number: before } = reply
    const model = this.#models.get(settings.model)
    const speakers = await this.speakersIn(em, conversationId)
    const instructions = [settings.systemPrompt ?? '', offer?.note ?? '', speakers ? SEVERAL_PEOPLE : '']
    const frame = { instructions: instructions.filter((text) => text !== ''), hasPeople: speakers !== null }
    const framed =
      (offer ? countTokens(model, JSON.stringify(offer.tools)) : 0) + countTurns(model, preambleOf(frame, [], null))
    const budget = this.budgetOf(settings) - framed - (beside.length > 0 ? countTurns(model, beside) : 0)
    const history = await takeHistory(em, { conversationId, before, budget, model, speakers })
    const summary = history.omittedUpTo > 0 ? await readSummary(em, conversationId) : null
    // One that tells of what came after the reply, too, is for later replies.
    const cost = summary && summary.upTo < before ? countTurn(model, introduceSummary(summary)) : null
    const fitting = cost === null ? null : makeRoom(history, cost, budget)
    const told = fitting ?? history
    const shown = fitting && summary
    const preamble = preambleOf(frame, introductionsIn(told.turns), shown)
    return {
      turns: [...preamble, ...told.turns.map(({ turn }) => turn)],
      preamble: preamble.length,
      ...(await this.#omitted(em, conversationId, told, shown)),
      inputTokens: framed + costOf(told.turns) + (shown ? (cost ?? 0) : 0),
    }
  }

  /** A prompt with what its reply consists of by now, cut to what may be given where that is too much. */
  goOn(prompt: Prompt, settings: AssistantSettings, beside: readonly Turn[]): FittedTurns {
    return fitTurns(prompt, beside, { model: this.#models.get(settings.model), budget: this.budgetOf(settings) })
  }

  /** How many tokens of a conversation may be given, the instructions included: what is left beside the answer. */
  budgetOf(settings: Pick<AssistantSettings, 'model' | 'maxOutputTokens'>): number {
    const { contextTokens, maxOutputTokens } = this.#models.get(settings.model)
    if (contextTokens === null) return this.#contextTokens
    const room = settings.maxOutputTokens ?? maxOutputTokens ?? ROOM_FOR_ANSWER
    return Math.min(this.#contextTokens, contextTokens - Math.min(room, Math.floor(contextTokens / 2)))
  }

  /**
   * The number of the newest message before a number that half of what may be given does not reach: up to there a
   * conversation is to be summed up. 0 when all of it fits.
   */
  async lastToSumUp(
    em: EntityManager,
    conversationId: string,
    settings: AssistantSettings,
    before: number,
  ): Promise<number> {
    const ofInstructions = this.countTokens(settings.model, settings.systemPrompt ?? '')
    const tokens = Math.floor(this.budgetOf(settings) / 2) - ofInstructions
    return this.lastBeyond(em, conversationId, { model: settings.model, before, tokens })
  }

  /** The number of the newest message before a number that so many tokens do not reach; 0 when they reach all. */
  async lastBeyond(
    em: EntityManager,
    conversationId: string,
    { model: id, before, tokens: budget }: { model: string; before: number; tokens: number },
  ): Promise<number> {
    const speakers = await this.speakersIn(em, conversationId)
    const model = this.#models.get(id)
    return (await takeHistory(em, { conversationId, before, budget, model, speakers })).omittedUpTo
  }

  /** How many tokens a model, by its id, can write at most that has read so many; Infinity where nothing says. */
  longestAnswer(model: string, inputTokens: number): number {
    const { contextTokens, maxOutputTokens } = this.#models.get(model)
    return Math.min(maxOutputTokens ?? Infinity, (contextTokens ?? Infinity) - inputTokens)
  }

  /** How many tokens a text has for a model, by its id. */
  countTokens(model: string, text: string): number {
    return countTokens(this.#models.get(model), text)
  }

  /** How many tokens a model, by its id, reads that is given these turns. */
  countTurns(model: string, turns: readonly Turn[]): number {
    return countTurns(this.#models.get(model), turns)
  }

  /** Names for those who speak in a conversation; null in one of a single person, who needs none. */
  async speakersIn(em: EntityManager, conversationId: string): Promise<Speakers | null> {
    const conversation = await em.findOne(Conversation, conversationId)
    return conversation && conversation.kind !== 'ASSISTANT' ? new Speakers(this.#names) : null
  }

  async #omitted(em: EntityManager, conversationId: string, { omittedUpTo }: History, summary: Summary | null) {
    const omittedMessages = await countSaid(em, conversationId, { from: 1, to: omittedUpTo })
    const summarised = summary && { from: summary.since, to: Math.min(summary.upTo, omittedUpTo) }
    return {
      omittedMessages,
      needsSummary: omittedMessages > 0 && omittedUpTo > (summary?.upTo ?? 0),
      summarisedMessages: summarised ? await countSaid(em, conversationId, summarised) : 0,
    }
  }
}

/** Leaves out the oldest turns until a summary fits beside the others; null when it would take more than half. */
function makeRoom({ turns, omittedUpTo }: History, cost: number, budget: number): History | null {
  if (cost > budget / 2) return null
  const kept = [...turns]
  let used = cost + costOf(kept)
  let last = omittedUpTo
  while (used > budget && kept.length > 1) {
    const left = kept.shift()
    used -= left?.cost ?? 0
    last = left?.number ?? last
  }
  return { turns: kept, omittedUpTo: last }
}

/** What stands before what was said, whoever says it. */
interface Frame {
  readonly instructions: readonly string[]
  /** Whether several people speak. */
  readonly hasPeople: boolean
}

/**
 * One system turn, because many models know none but the first. What other people may have had a hand in, their names and
 * the summary of their words, is no instruction: it has a turn of its own. In a talk with one person the summary is of
 * nobody else's words, and stays where models that want question and answer by turns can read it.
 */
function preambleOf({ instructions, hasPeople }: Frame, people: readonly string[], summary: Summary | null): Turn[] {
  const told = summary ? [introduceSummary(summary)] : []
  const system = hasPeople ? instructions : [...instructions, ...told]
  return [
    ...(system.length > 0 ? [{ role: 'system' as const, content: system.join('\n\n') }] : []),
    ...(hasPeople ? [{ role: 'user' as const, content: [introduce(people), ...told].join('\n\n') }] : []),
  ]
}

function costOf(turns: readonly HistoryTurn[]): number {
  return turns.reduce((sum, { cost }) => sum + cost, 0)
}

function introductionsIn(turns: readonly HistoryTurn[]): string[] {
  return [...new Set(turns.map(({ introduction }) => introduction))].filter((each) => each !== null)
}
