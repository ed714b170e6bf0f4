import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lengthInGraphemes, lengthInPairs } from './whole-graphemes.ts'

describe('the whole characters of a text', () => {
  it.each([
    ['', 0],
    ['plain', 5],
    ['żółć Привет 你好 カナ', 17],
    ['so. ', 4],
    ['wave 👋', 5],
    ['wave 👋 ', 8],
    ['👩\u200d', 0],
    ['a 👩\u200d💻', 2],
    ['flags 🇩', 6],
    ['flags 🇩🇪🇫', 10],
    ['cafe\u0301', 3],
    ['नमस्', 2],
    ['half \ud83d', 5],
    ['👩\u200d\ud83d', 0],
  ])('of %j are the first %d code units', (text, length) => {
    expect(lengthInGraphemes(text)).toBe(length)
  })

  it('are waited for only if they are short', () => {
    const zalgo = `a${'\u0301'.repeat(100)}`
    expect(lengthInGraphemes(zalgo)).toBe(101)
    expect(lengthInGraphemes(`ab${'\u0301'.repeat(50)}`)).toBe(1)
  })

  it('are never more than the text, never end in half a pair, and leave out no more than one character', () => {
    const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(), (text, seed) => {
        const cut = text.slice(0, seed % (text.length + 1))
        const [pairs, whole] = [lengthInPairs(cut), lengthInGraphemes(cut)]
        expect(whole).toBeLessThanOrEqual(pairs)
        expect(cut.slice(0, whole).isWellFormed()).toBe(true)
        expect([...segmenter.segment(cut.slice(whole, pairs))].length).toBeLessThanOrEqual(1)
      }),
    )
  })
})
