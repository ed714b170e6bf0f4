import { describe, expect, it } from 'vitest'
import { hasSomethingToSee, withoutUnseen } from './visible-text.ts'

describe('what cannot be seen of a text', () => {
  it.each([
    ...[
      '',
      'Bees',
      'C# & co',
      '蜂',
      'é',
      'e\u0301',
      '\u0601',
      'می‌خواهم',
      'क्‍ष',
      '©️',
      '☺︎',
      '👍🏽',
      '👩‍🚀',
      '👩🏽‍🚀',
      '🏳️‍🌈',
    ],
    ...['👩‍❤‍👨', '👩‍❤️‍👨', '1️⃣', '🇫🇷', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
  ])('is not in %j', (text) => {
    expect(withoutUnseen(text)).toBe(text)
  })

  it.each([
    ['\u202eBees\u202c', 'Bees'],
    ['\u2066B\u2069\u200ee\u200fe\u061cs', 'Bees'],
    ['B\u00ade\u200be\u2060s\ufeff', 'Bees'],
    ['B\u200de\u200ces', 'Bees'],
    ['B\ufe0fees\u{e0100}', 'Bees'],
    ['\u3164\u115f', ''],
    ['👩‍', '👩'],
    ['👩‍‍🚀', '👩🚀'],
    ['🏴\u{e0062}\u{e0065}\u{e0065}\u{e007f}', '🏴'],
    ['می‌‌خواهم', 'می‌خواهم'],
  ])('goes from %j', (text, seen) => {
    expect(withoutUnseen(text)).toBe(seen)
    expect(hasSomethingToSee(text)).toBe(seen !== '')
  })
})
