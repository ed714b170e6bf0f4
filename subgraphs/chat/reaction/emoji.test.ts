import { describe, expect, it } from 'vitest'
import { readEmoji } from './emoji.ts'

/** Every character that is an emoji by itself once U+FE0F follows it. */
const signs = Array.from({ length: 0x20000 }, (_, codePoint) => codePoint)
  .filter((codePoint) => codePoint < 0xd800 || codePoint > 0xdfff)
  .map((codePoint) => String.fromCodePoint(codePoint))
  .filter((sign) => /^\p{RGI_Emoji}$/v.test(`${sign}\u{FE0F}`))

describe('an emoji', () => {
  it.each(['👍', '❤️', '👍🏽', '👨‍👩‍👧‍👦', '🏳️‍🌈', '🇩🇪', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '1️⃣', '✌🏿', '👁️‍🗨️'])('%s is taken as it is', (emoji) => {
    expect(readEmoji(emoji)).toBe(emoji)
  })

  it('is the same with and without U+FE0F, whichever sign it is', () => {
    expect(signs.length).toBeGreaterThan(200)
    for (const sign of signs) expect(readEmoji(sign)).toBe(`${sign}\u{FE0F}`)
  })

  it.each([
    ['1\u{20E3}', '1\u{FE0F}\u{20E3}'],
    ['\u{1F3F3}\u{200D}\u{1F308}', '\u{1F3F3}\u{FE0F}\u{200D}\u{1F308}'],
    ['\u{1F441}\u{200D}\u{1F5E8}', '\u{1F441}\u{FE0F}\u{200D}\u{1F5E8}\u{FE0F}'],
    ['\u{1F441}\u{FE0F}\u{200D}\u{1F5E8}', '\u{1F441}\u{FE0F}\u{200D}\u{1F5E8}\u{FE0F}'],
    ['\u{1F575}\u{1F3FB}\u{200D}\u{2640}', '\u{1F575}\u{1F3FB}\u{200D}\u{2640}\u{FE0F}'],
  ])('%s gets U+FE0F in the middle of a sequence too', (sent, emoji) => {
    expect(readEmoji(sent)).toBe(emoji)
  })

  it.each([
    ['nothing', ''],
    ['a letter', 'a'],
    ['a digit', '1'],
    ['a space', ' '],
    ['an emoji and a space', '👍 '],
    ['an emoji and a line feed', '👍\n'],
    ['two emoji', '👍👍'],
    ['a short name', ':+1:'],
    ['a lone surrogate', '\u{D83D}'],
    ['a zero byte', '\u{0}'],
    ['half a flag', '\u{1F1E9}'],
    ['a flag of no country', '\u{1F1E9}\u{1F1E9}'],
    ['a sign that asks for text', '❤\u{FE0E}'],
    ['an emoji with U+FE0F that it does not take', '😀\u{FE0F}'],
    ['people whom no font has joined', '👍\u{200D}👍'],
    ['a hundred thousand characters', '❤'.repeat(100_000)],
  ])('is not %s', (_, text) => {
    expect(() => readEmoji(text)).toThrowError(
      expect.objectContaining({ code: 'BAD_USER_INPUT', path: ['input', 'emoji'] }),
    )
  })
})
