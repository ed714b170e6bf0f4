import { decodeId } from '../../../platform/ids.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { hasSomethingToSee } from '../../../platform/visible-text.ts'
import type { AssistantSettings } from './conversation.entity.ts'

/** Who decides which models there are. */
export interface ModelCatalogue {
  has(model: string): boolean
  readonly defaultModel: string
  get(model: string): ModelLimits
}

/** Between what the settings of a model may be. */
export interface ModelLimits {
  /** From and to; null when it cannot be set. */
  readonly temperature: readonly [number, number] | null
  /** How many tokens it writes at most; null when that is not known. */
  readonly maxOutputTokens: number | null
}

export interface AssistantSettingsInput {
  model?: string | null
  systemPrompt?: string | null
  temperature?: number | null
  maxOutputTokens?: number | null
}

const LONGEST_TITLE = 200
const LONGEST_TOPIC = 1_000
const LONGEST_SYSTEM_PROMPT = 8_000
const MOST_OUTPUT_TOKENS = 1_000_000
const MOST_PEOPLE_AT_ONCE = 100
const ASSISTANT_PATH = ['input', 'assistant']
const CONTROLS = /\p{Cc}/u

/**
 * A title of one line, 1 to 200 UTF-16 code units, or null when not given.
 *
 * @throws UserFault BAD_USER_INPUT
 */
export function readTitle(title: string | null | undefined): string | null {
  return readLine(title, 'title', LONGEST_TITLE)
}

/**
 * A topic of one line, 1 to 1,000 UTF-16 code units, or null when not given.
 *
 * @throws UserFault BAD_USER_INPUT
 */
export function readTopic(topic: string | null | undefined): string | null {
  return readLine(topic, 'topic', LONGEST_TOPIC)
}

function readLine(value: string | null | undefined, field: string, longest: number): string | null {
  if (value == null) return null
  const path = ['input', field]
  if (!hasSomethingToSee(value))
    throw new UserFault('BAD_USER_INPUT', `The ${field} is empty; leave it out instead.`, path)
  if (value.length > longest) {
    throw new UserFault('BAD_USER_INPUT', `The ${field} has ${value.length} characters; at most ${longest}.`, path)
  }
  if (CONTROLS.test(value))
    throw new UserFault('BAD_USER_INPUT', `The ${field} holds a control character; take it out.`, path)
  return storable(value, path)
}

/**
 * The text unchanged, if Postgres can store it so.
 *
 * @throws UserFault BAD_USER_INPUT for a NUL or half a surrogate pair.
 */
export function storable(value: string, path: readonly string[]): string {
  if (value.includes('\0') || !value.isWellFormed()) {
    throw new UserFault('BAD_USER_INPUT', 'The text holds a NUL or half a surrogate pair; take it out.', path)
  }
  return value
}

/**
 * How the assistant is to answer, checked.
 *
 * @throws UserFault UNKNOWN_MODEL, BAD_USER_INPUT
 */
export function readAssistantSettings(input: AssistantSettingsInput, models: ModelCatalogue): AssistantSettings {
  const model = input.model ?? models.defaultModel
  if (!models.has(model)) {
    const path = [...ASSISTANT_PATH, 'model']
    throw new UserFault('UNKNOWN_MODEL', 'No such model; the query `models` lists them.', path)
  }
  return { model, ...readOtherSettings(input, models.get(model)) }
}

/** @throws UserFault BAD_USER_INPUT */
function readOtherSettings(input: AssistantSettingsInput, limits: ModelLimits): Omit<AssistantSettings, 'model'> {
  const path = ASSISTANT_PATH
  const { systemPrompt, temperature, maxOutputTokens } = input
  if (systemPrompt != null && systemPrompt.length > LONGEST_SYSTEM_PROMPT) {
    const message = `The system prompt may have ${LONGEST_SYSTEM_PROMPT} characters at most.`
    throw new UserFault('BAD_USER_INPUT', message, [...path, 'systemPrompt'])
  }
  checkLimits(input, limits, path)
  return {
    ...(systemPrompt != null && { systemPrompt: storable(systemPrompt, [...path, 'systemPrompt']) }),
    ...(temperature != null && { temperature }),
    ...(maxOutputTokens != null && { maxOutputTokens }),
  }
}

/** @throws UserFault BAD_USER_INPUT for settings that the model does not have. */
function checkLimits(
  { temperature, maxOutputTokens }: AssistantSettingsInput,
  limits: ModelLimits,
  path: readonly string[],
): void {
  const [from, to] = limits.temperature ?? [0, 0]
  if (temperature != null && !(limits.temperature && temperature >= from && temperature <= to)) {
    const message = limits.temperature
      ? `The temperature must be from ${from} to ${to}.`
      : 'The temperature of this model cannot be set; make it null.'
    throw new UserFault('BAD_USER_INPUT', message, [...path, 'temperature'])
  }
  const most = limits.maxOutputTokens ?? MOST_OUTPUT_TOKENS
  if (maxOutputTokens != null && !(maxOutputTokens >= 1 && maxOutputTokens <= most)) {
    throw new UserFault('BAD_USER_INPUT', `maxOutputTokens must be from 1 to ${most}.`, [...path, 'maxOutputTokens'])
  }
}

/**
 * The UUIDs of the people whom a field of the input names, without doubles.
 *
 * @throws BadUserInputError for something that is not a user's id; UserFault BAD_USER_INPUT for more than 100.
 */
export function readMemberIds(ids: readonly string[], field: string): string[] {
  if (ids.length > MOST_PEOPLE_AT_ONCE) {
    throw new UserFault('BAD_USER_INPUT', `Name at most ${MOST_PEOPLE_AT_ONCE} people at once.`, ['input', field])
  }
  return [...new Set(ids.map((id) => decodeId('usr', id)))]
}

/**
 * The settings after a change: what it does not name stays, as far as the model allows it, and null goes back to what a
 * new conversation has. A model that is not named stays also when it is not configured any more.
 *
 * @throws UserFault UNKNOWN_MODEL, BAD_USER_INPUT
 */
export function changeAssistantSettings(
  current: AssistantSettings | null,
  change: AssistantSettingsInput,
  models: ModelCatalogue,
): AssistantSettings {
  const given: AssistantSettingsInput = Object.fromEntries(
    Object.entries(change).filter(([, value]) => value !== undefined),
  )
  if (current === null) return readAssistantSettings(given, models)
  const model = given.model === undefined ? current.model : (given.model ?? models.defaultModel)
  const limits = models.get(model)
  const settings = { ...withinLimits(current, limits), ...given, model }
  return given.model === undefined
    ? { model, ...readOtherSettings(settings, limits) }
    : readAssistantSettings(settings, models)
}

/** What was allowed when it was set, as this model, or a newer configuration, allows it. */
function withinLimits(settings: AssistantSettings, limits: ModelLimits): AssistantSettings {
  const { temperature, maxOutputTokens, ...others } = settings
  const [from, to] = limits.temperature ?? []
  return {
    ...others,
    ...(temperature !== undefined &&
      from !== undefined &&
      to !== undefined && { temperature: Math.min(Math.max(temperature, from), to) }),
    ...(maxOutputTokens !== undefined && {
      maxOutputTokens: Math.min(maxOutputTokens, limits.maxOutputTokens ?? MOST_OUTPUT_TOKENS),
    }),
  }
}
