import { parseQuietly } from '../../../../platform/parse-quietly.ts'
import { hasSomethingToSee, withoutUnseen } from '../../../../platform/visible-text.ts'
import { fieldsOf, textOf } from '../model/answer-reader.ts'
import { beginningOf, withoutThoughts } from './side-job.ts'

/** A title is short; the contract allows 200. In UTF-16 code units. */
const LONGEST_TITLE = 80
/** So much of a line is looked at, in UTF-16 code units. */
const LONGEST_LINE = 1_000

/** A code fence, with its language, around what stands in it (CommonMark 0.31, 4.5); the end may be missing. */
const FENCE = /^(`{3,}|~{3,})[ \t]*(?:[\w+.-]+[ \t]*(?=[\r\n{]|$))?([\s\S]*?)(?:\1[\s\S]*)?$/
/** What models put around a title though they were asked not to. */
const FRAME = /^(?:[\s"'“”„‟‘’‚‹›«»*_#`]|title\s*[:：])+|[\s"'“”„‟‘’‚‹›«»*_`]+$/giu
const FULL_STOP = /(?<!\.)\.$/
/** Punctuation alone names nothing. */
const NAMES_SOMETHING = /[\p{L}\p{N}\p{S}]/u

/** The title in an answer of a model: its first line, without what is put around it; null when nothing is left to see. */
export function readTitle(answer: string): string | null {
  const title = whileItChanges(answer, unwrapped)
  return hasSomethingToSee(title) && NAMES_SOMETHING.test(title) ? title : null
}

/** Never longer than the text, so that doing it again comes to an end. */
function unwrapped(text: string): string {
  const said = inObject(inFence(withoutUnseen(withoutThoughts(text)).trim()))
  const [line = ''] = said.split(/[\r\n\u2028\u2029]/, 1)
  const plain = withoutUnseen(beginningOf(line, LONGEST_LINE).toWellFormed()).replace(/[\s\p{Cc}]+/gu, ' ')
  return withoutUnseen(beginningOf(whileItChanges(plain, unframed), LONGEST_TITLE))
}

function inFence(text: string): string {
  return (FENCE.exec(text)?.[2] ?? text).trim()
}

/** The title in a JSON object, whatever is said behind it, or else its only text; the text itself when it is none. */
function inObject(text: string): string {
  const object = text.startsWith('{') ? parseQuietly(text.slice(0, text.lastIndexOf('}') + 1)) : undefined
  if (object === undefined) return text
  const fields = fieldsOf(object)
  const [only = '', ...others] = Object.values(fields).map(textOf).filter(Boolean)
  if ('title' in fields) return textOf(fields.title).trim()
  return others.length === 0 ? only.trim() : ''
}

function unframed(title: string): string {
  return title.replace(FRAME, '').replace(FULL_STOP, '')
}

function whileItChanges(text: string, change: (text: string) => string): string {
  const changed = change(text)
  return changed === text ? text : whileItChanges(changed, change)
}
