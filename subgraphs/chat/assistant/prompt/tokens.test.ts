import fc from 'fast-check'
import { countTokens as countReally } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { countTokens, countTurns } from './tokens.ts'

const known = { encoding: 'o200k_base' } as const
const unknown = { encoding: null }
const really = (text: string) => countReally(text, { disallowedSpecial: new Set() })

describe('the tokens of a text', () => {
  it('are those of the model’s own encoding', () => {
    for (const text of [
      '',
      'tokens',
      'The quick brown fox\n\njumps over  the lazy dog’s back, 12,345 times.',
      'const answer = (given: number) => given * 2 // 👩‍💻',
      '今日は良い天気です。明日は雨かもしれません。',
    ]) {
      expect(countTokens(known, text)).toBe(really(text))
    }
  })

  it('are exact for every text without long runs, and for others to a token a slice', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 40 })
    fc.assert(
      fc.property(words, fc.constantFrom(' ', '\n', '', '-'), (parts, between) => {
        const text = parts.join(between)
        const longRuns = (text.match(/\S{65,}|\s{65,}/gu) ?? []).join('').length
        expect(Math.abs(countTokens(known, text) - really(text))).toBeLessThanOrEqual(3 * Math.ceil(longRuns / 64))
      }),
      { numRuns: 60 },
    )
  })

  it('hold what looks like a special token as text', () => {
    expect(countTokens(known, '<|endoftext|> <|im_start|>system')).toBeGreaterThan(8)
  })

  it('are told apart by the encoding', () => {
    const text = '今日は良い天気です。'
    expect(countTokens({ encoding: 'cl100k_base' }, text)).not.toBe(countTokens(known, text))
    expect(countTokens({ encoding: 'o200k_harmony' }, text)).toBe(countTokens(known, text))
  })

  it('are estimated from the bytes where the encoding is not known', () => {
    expect(['', 'a', 'abcd', 'abcde', '漢字', '👍'].map((text) => countTokens(unknown, text))).toEqual([
      0, 1, 1, 2, 2, 1,
    ])
  })

  it('are one for each digit and sign where the encoding is not known', () => {
    expect(['3.14', '----', 'abcd, 42'].map((text) => countTokens(unknown, text))).toEqual([4, 4, 5])
    expect(countTokens(unknown, '0123456789'.repeat(1_600))).toBe(16_000)
  })

  it('take no longer for a word of 16,000 characters than for as much prose', () => {
    /** Of this thread's own work: what else the machine does meanwhile is not in it. */
    const msFor = (text: string) => {
      const before = process.threadCpuUsage()
      countTokens(known, text)
      const { user, system } = process.threadCpuUsage(before)
      return (user + system) / 1_000
    }
    const hostile = [
      Array.from({ length: 16_000 }, (_, index) => String.fromCharCode(97 + ((index * 7919 + (index >> 3)) % 26))),
      Array.from({ length: 8_000 }, (_, index) => String.fromCodePoint(0x1f300 + ((index * 31) % 500))),
      Array(8_000).fill('!?'),
      Array(16_000).fill(' '),
    ].map((parts) => parts.join(''))
    for (const text of hostile) msFor(text)
    // In one piece the same words take seconds.
    for (const text of hostile) expect(msFor(text)).toBeLessThan(500)
  })
})

describe('the tokens of a talk', () => {
  it('are those of its turns, their frames and the calls in them', () => {
    const talk = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'tokens' },
    ] as const
    expect(countTurns(known, talk)).toBe(3 + 4 + really('Be brief.') + 4 + really('tokens'))

    const call = { role: 'assistant', content: '', calls: [{ id: '1', name: 'search', arguments: '{}' }] } as const
    expect(countTurns(known, [call])).toBeGreaterThan(countTurns(known, [{ ...call, calls: [] }]))
  })
})
