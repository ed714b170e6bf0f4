import { createRequire } from 'node:module'
import type { Encoding } from '../model/model-description.ts'
import type { RequestedCall, Turn } from '../model/model-request.ts'

/** Says how many tokens a text has. */
type Count = (text: string) => number

/** What a turn costs beside its text, and what begins the answer, as OpenAI's chat formats have it. */
const TOKENS_A_TURN = 4
const TOKENS_OF_AN_ANSWER = 3

/** Joining the bytes of a word costs the square of its length: longer runs are counted in slices of so many characters. */
const LONGEST_RUN = 64
const LONG_RUN = new RegExp(`\\S{${LONGEST_RUN + 1},}|\\s{${LONGEST_RUN + 1},}`, 'gu')
const SLICE = new RegExp(`.{1,${LONGEST_RUN}}`, 'gsu')

/** Each is some hundred milliseconds and 35 MB to load, so that only those are that somebody counts with. */
const loaded = new Map<Encoding, Count>()
const require = createRequire(import.meta.url)

/**
 * How many tokens a text has: counted by the model's own encoding, to a token for every 64 characters without a break;
 * estimated where the encoding is not known: a token for each digit and sign, and for four UTF-8 bytes of the rest, rounded
 * up.
 */
export function countTokens({ encoding }: { readonly encoding: Encoding | null }, text: string): number {
  if (encoding === null) return estimateTokens(text)
  const count = counterOf(encoding)
  let tokens = 0
  let end = 0
  for (const { 0: run, index } of text.matchAll(LONG_RUN)) {
    tokens += count(text.slice(end, index))
    for (const [slice] of run.matchAll(SLICE)) tokens += count(slice)
    end = index + run.length
  }
  return tokens + count(text.slice(end))
}

/** What most tokenizers never join with its neighbours for long: digits, punctuation, symbols. */
const SIGNS = /[^\p{L}\p{M}\s]/gu
const BYTES_A_TOKEN = 4

/** A column of numbers has several times the tokens of as much prose, and would exceed what a model takes. */
function estimateTokens(text: string): number {
  let signs = 0
  const prose = text.replace(SIGNS, () => {
    signs += 1
    return ''
  })
  return signs + Math.ceil(Buffer.byteLength(prose) / BYTES_A_TOKEN)
}

/** How many tokens a model reads that is given these turns, and begins to answer. */
export function countTurns(model: { readonly encoding: Encoding | null }, turns: readonly Turn[]): number {
  return turns.reduce((sum, turn) => sum + countTurn(model, textOf(turn)), TOKENS_OF_AN_ANSWER)
}

/** How many tokens a turn with this text takes. */
export function countTurn(model: { readonly encoding: Encoding | null }, content: string): number {
  return TOKENS_A_TURN + countTokens(model, content)
}

function textOf(turn: Turn): string {
  if (turn.role !== 'assistant' || !turn.calls) return turn.content
  return turn.content + textOfCalls(turn.calls)
}

/** What a model writes, or reads, of calls of tools, as it is counted. */
export function textOfCalls(calls: readonly RequestedCall[]): string {
  return calls.map(({ name, arguments: given }) => `${name}${given}`).join('')
}

function counterOf(encoding: Encoding): Count {
  const found = loaded.get(encoding)
  if (found) return found
  const count = load(encoding)
  loaded.set(encoding, count)
  return count
}

/** What looks like a special token is text like any other. */
const AS_TEXT = { disallowedSpecial: new Set<string>() }

function load(encoding: Encoding): Count {
  const tokenizer = required(encoding)
  // It would keep a hundred thousand pieces of what people said, and with each of them all of its text.
  tokenizer.setMergeCacheSize(0)
  return (text) => tokenizer.countTokens(text, AS_TEXT)
}

function required(encoding: Encoding): Pick<typeof import('gpt-tokenizer'), 'countTokens' | 'setMergeCacheSize'> {
  switch (encoding) {
    case 'o200k_base':
      return require('gpt-tokenizer/encoding/o200k_base')
    case 'o200k_harmony':
      return require('gpt-tokenizer/encoding/o200k_harmony')
    case 'cl100k_base':
      return require('gpt-tokenizer/encoding/cl100k_base')
  }
}
