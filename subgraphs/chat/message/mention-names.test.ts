import { describe, expect, it } from 'vitest'
import { mentionedNames } from './mention-names.ts'

const hyphens = (count: number) => '-'.repeat(count)

describe('a mention', () => {
  it.each([
    ['@ada', [['ada']]],
    ['Hello @Ada_1!', [['ada_1']]],
    ['(@ada), “@grace”', [['ada'], ['grace']]],
    ['@ada.', [['ada.', 'ada']]],
    ['@ada...', [['ada...', 'ada..', 'ada.', 'ada']]],
    ['@ada.b', [['ada.b', 'ada']]],
    ['@ada-b.c d', [['ada-b.c', 'ada-b', 'ada']]],
    ['@assistant.bot', [['assistant.bot']]],
    ['🙂@ada🙂', [['ada']]],
    ['line\n@ada\nline', [['ada']]],
    [`@${'x'.repeat(32)}`, [['x'.repeat(32)]]],
    [`@${'x'.repeat(32)}.y`, [['x'.repeat(32)]]],
  ])('is in %j', (body, names) => {
    expect(mentionedNames(body)).toEqual(names)
  })

  it.each([
    'ada',
    '@',
    '@ ada',
    '@ab',
    'me@ada.org',
    'first.@ada.org',
    'é@ada',
    '@@ada',
    '@ada@example.org',
    '@adaé',
    '@ada\u0301',
    '@assistant',
    '@Assistant.',
    `@${'x'.repeat(33)}`,
  ])('is not in %j', (body) => {
    expect(mentionedNames(body)).toEqual([])
  })

  it('is as many names as a username may be long, however long it goes on', () => {
    const shortest = 3
    const longest = 32
    expect(mentionedNames(`@${hyphens(15_998)}a`)).toEqual([
      Array.from({ length: longest - shortest + 1 }, (_, index) => hyphens(longest - index)),
    ])
    expect(mentionedNames(`@${'-.'.repeat(7_999)}a`)[0]).toHaveLength(longest - shortest + 1)
    // Whatever looked at every hyphen once for each of them would not be done before the test has to be.
    expect(mentionedNames(`@${hyphens(200_000)}a`)[0]).toHaveLength(longest - shortest + 1)
  })

  it('is left out beyond two hundred names', () => {
    const body = Array.from({ length: 1_000 }, (_, index) => `@person${index}.`).join(' ')
    expect(new Set(mentionedNames(body).flat()).size).toBe(200)
  })
})
