import type { ConversationMessage } from './answers.ts'
import { quote } from './answers.ts'

/** A message of the talk; the assistant's may have called tools. */
export interface DemoMessage extends ConversationMessage {
  readonly callsTools: boolean
}

/** A tool that the demo assistant wants run. */
export interface DemoCall {
  readonly name: string
  /** JSON. */
  readonly arguments: string
}

/** What is said before a tool is called, and how it is called. */
export interface CallAnswer {
  readonly text: string
  readonly call: DemoCall
}

const SEARCH_TOOL = 'search_messages'
/** Begins with a literal and ends with a bounded run: linear, however long the message. */
const SEARCH = /\bsearch (?:my|our|the) messages for ["“']?([^"”'\n]{1,100})/i
const MOST_QUOTED = 3
const DISCLOSURE =
  'I am Parley’s built-in demo assistant: a canned rule chose that tool and these words, no language model did. ' +
  'The search itself was real.'

/**
 * The call that a question leads to: only a search, only when that tool is offered, and once a question. Of the words
 * before it the rest, when the talk ends in the beginning of them.
 */
export function callFor(conversation: readonly DemoMessage[], offeredTools: readonly string[]): CallAnswer | undefined {
  const { told, begun } = splitBegun(conversation)
  const last = told.at(-1)
  if (last?.role !== 'user' || !offeredTools.includes(SEARCH_TOOL)) return undefined
  const query = soughtIn(last.text)
  if (query === undefined) return undefined
  const whole = `Let me look through your messages for “${quote(query)}”. 🔍\n\n`
  if (!whole.startsWith(begun)) return undefined
  return { text: whole.slice(begun.length), call: { name: SEARCH_TOOL, arguments: JSON.stringify({ query }) } }
}

/**
 * What is said about what a search has found, when that is what the talk has come to: all of it or, when the talk ends in
 * the beginning of it, the rest.
 */
export function tellOfSearch(conversation: readonly DemoMessage[]): string | undefined {
  const { told, begun } = splitBegun(conversation)
  const result = told.at(-1)
  if (result?.role !== 'tool') return undefined
  const whole = `${summaryOf(result.text)}\n\n${DISCLOSURE}`
  return whole.startsWith(begun) && whole !== begun ? whole.slice(begun.length) : undefined
}

/** What was said, and the beginning of an answer that it ends in, if it does. */
function splitBegun(conversation: readonly DemoMessage[]) {
  const last = conversation.at(-1)
  if (last?.role !== 'assistant' || last.callsTools) return { told: conversation, begun: '' }
  return { told: conversation.slice(0, -1), begun: last.text }
}

function soughtIn(message: string): string | undefined {
  const [, query = ''] = SEARCH.exec(message) ?? []
  const trimmed = query.replace(/[.!?\s]+$/, '').trim()
  return trimmed === '' ? undefined : trimmed
}

function summaryOf(result: string): string {
  const texts = readTexts(result)
  if (!texts) return `The search came back with this: “${quote(result)}”`
  if (texts.length === 0) return 'I found no message that says so. 🕳️'
  const quoted = texts.slice(0, MOST_QUOTED).map((text) => `- “${quote(text)}”`)
  const heading = texts.length === 1 ? 'I found one message:' : `I found ${texts.length} messages, the newest first:`
  return [heading, ...quoted, ...(texts.length > MOST_QUOTED ? ['- …'] : [])].join('\n')
}

/** The texts in a result of the search; undefined when it is none. */
function readTexts(result: string): string[] | undefined {
  try {
    const { messages } = JSON.parse(result) as { messages?: unknown }
    if (!Array.isArray(messages)) return undefined
    return messages.map((message: { text?: unknown } | null) => String(message?.text ?? ''))
  } catch {
    return undefined
  }
}
