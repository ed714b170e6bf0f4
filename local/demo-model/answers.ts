import { pick, recognise } from './rules.ts'

export interface ConversationMessage {
  readonly role: 'developer' | 'system' | 'user' | 'assistant' | 'tool' | 'function'
  readonly text: string
}

const LONGEST_QUOTE = { words: 12, codeUnits: 80 }
const LONGEST_TITLE = { words: 6, codeUnits: 60 }

/** How chat asks for the name of a conversation, and for what was said in it. */
const QUESTION = /^Question:\n([\s\S]*?)\n\nAnswer:\n/
const BEGINNING = /^What was said(?: then)?:\n\n([\s\S]*)/m

const DISCLOSURES = [
  'You should know what you are talking to: Parley’s built-in demo assistant, a few canned rules and not a language model. ' +
    'I exist so that you can watch a reply stream without an account anywhere. ' +
    'Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, and a real model answers instead.',
  'To be plain about it: these words are canned. I am Parley’s built-in demo assistant, not a language model, and I understand nothing. ' +
    'Give Parley an OPENAI_API_KEY, or an OPENAI_BASE_URL that leads to a server of yours, and a real one takes my place.',
  'A reminder, because it matters: I am not a language model. I am Parley’s built-in demo assistant, and every sentence of mine is canned. ' +
    'For real answers start Parley with OPENAI_API_KEY, or with OPENAI_BASE_URL pointing to a compatible server.',
] as const

const NOTHING_TO_ADD =
  '\n\nThere is nothing I can add to that: either my answer was complete, or those words are not mine to continue. ' +
  'I am only Parley’s built-in demo assistant, canned and not a language model; ' +
  'OPENAI_API_KEY or OPENAI_BASE_URL brings in a real one, which would know how to go on. 🎬'

/**
 * What the demo assistant says next, a pure function of the conversation: the answer to the last user message or, when
 * the conversation ends in the beginning of that very answer, the rest of it, so that an interrupted reply can be
 * continued without a seam. System, developer and tool messages change nothing, but for the two that ask for a title or
 * a summary, which are canned too.
 */
export function replyTo(conversation: readonly ConversationMessage[]): string {
  const last = conversation.at(-1)
  const task = conversation.find(({ role }) => role === 'system')?.text ?? ''
  if (task.startsWith('Name this conversation')) return nameFor(last?.text ?? '')
  if (task.startsWith('Sum up this conversation')) return summaryOf(last?.text ?? '')
  if (last?.role !== 'assistant') return answer(conversation)
  const whole = answer(conversation.slice(0, -1))
  const rest = whole.startsWith(last.text) ? whole.slice(last.text.length) : ''
  return rest === '' ? NOTHING_TO_ADD : rest
}

/** The first words of the question. */
function nameFor(said: string): string {
  return quote(QUESTION.exec(said)?.[1] ?? said, LONGEST_TITLE) || 'A talk without words'
}

function summaryOf(said: string): string {
  return (
    'Parley’s built-in demo assistant cannot sum up what was said: it is not a language model, and these words are ' +
    `canned. What no longer fits begins with: “${quote(BEGINNING.exec(said)?.[1] ?? said)}”`
  )
}

/** A series comes after the disclosure: whoever stops a long count has still been told what is counting. */
function answer(conversation: readonly ConversationMessage[]): string {
  const talk = conversation.filter(({ role }) => role === 'user' || role === 'assistant')
  const message = talk.findLast(({ role }) => role === 'user')?.text ?? ''
  const turn = talk.filter(({ role }) => role === 'user').length
  const { greeted, text, series } = recognise({ message, turn })
  const opening = greeted ? 'Hello, and welcome to Parley! 👋 ' : ''
  const paragraphs = [
    `${opening}${echo(message)}`,
    text,
    `This is message ${talk.length} of our talk, as far as it was shown to me. ${pick(DISCLOSURES, turn)}`,
  ]
  return (series ? [...paragraphs, series] : paragraphs).join('\n\n')
}

function echo(message: string): string {
  const quoted = quote(message)
  return quoted === '' ? 'Your message reached me empty.' : `You wrote: “${quoted}”`
}

/**
 * The beginning of a message on one line: at most 12 words and 80 UTF-16 code units if not said otherwise, cut between
 * characters as people see them, never inside an emoji or before an accent.
 */
export function quote(message: string, longest = LONGEST_QUOTE): string {
  const line = message
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  let end = 0
  let words = 1
  const characters = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line.slice(0, 2 * longest.codeUnits))
  for (const { index, segment } of characters) {
    if (segment === ' ') words += 1
    if (words > longest.words || index + segment.length > longest.codeUnits) break
    end = index + segment.length
  }
  return end === line.length ? line : `${line.slice(0, end).trimEnd()}…`
}
