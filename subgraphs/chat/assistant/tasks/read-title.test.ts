import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTitle } from './read-title.ts'

/** What nobody sees: formats, the marks and orders of directions, fillers, tags. */
const UNSEEN = [...'\u00ad\u034f\u061c\u115f\u180e\u200b\u200e\u200f\u2060\u2064\u3164\ufeff\ufffa\u{e0041}']
const DIRECTIONS = [...'\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069']
const unseen = fc.string({ unit: fc.constantFrom(...UNSEEN, ...DIRECTIONS), maxLength: 5 })

/** A title that a model may give. */
const title = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc
      .array(fc.constantFrom('bees', 'fly', '飛ぶ蜂', '👩‍🚀', 'C#', '1', 'é'), { minLength: 1 })
      .map((all) => all.join(' ')),
  )
  .filter((text) => readTitle(text) === text && !/`{3}|~{3}/.test(text))

/** What models put around a title. */
const FRAMES: readonly ((title: string) => string)[] = [
  (title) => `"${title}"`,
  (title) => `“${title}”\n`,
  (title) => `**${title}**`,
  (title) => `# ${title}`,
  (title) => `Title: ${title}`,
  (title) => `**Title:** "${title}"`,
  (title) => `TITLE：${title}`,
  (title) => JSON.stringify({ title }),
  (title) => JSON.stringify({ title, words: 6 }, null, 2),
  (title) => JSON.stringify({ name: `"${title}"` }),
  (title) => `${JSON.stringify({ title })}\n\nI hope that helps!`,
  (title) => `\`\`\`\n${title}\n\`\`\``,
  (title) => `\`\`\`json\n${JSON.stringify({ title })}\n\`\`\`\nI hope that helps!`,
  (title) => `\`\`\`json ${JSON.stringify({ title })}\`\`\``,
  (title) => `~~~~ markdown\r\n${title}`,
  (title) => `<think>Bees?</think>\n${title}`,
]

describe('what a model writes for a title', () => {
  it.each([
    ['Flight of bees', 'Flight of bees'],
    [' "Flight of bees."\n\nI hope that helps!', 'Flight of bees'],
    ['"Flight of bees".', 'Flight of bees'],
    ['Title: **Flight of bees**', 'Flight of bees'],
    ['<think>Bees?\nWings!</think>\n# Flight\tof bees', 'Flight of bees'],
    ['Okay, bees.\n</think>\n\nFlight of bees', 'Flight of bees'],
    ['{"title": "Flight of bees"}', 'Flight of bees'],
    ['```json\n{\n  "title": "Flight of \\"bees\\", \\u202eexplained"\n}\n```', 'Flight of "bees", explained'],
    ['```Flight of bees```', 'Flight of bees'],
    ['{"language": "en", "title": "Flight of bees"}', 'Flight of bees'],
    ['\u202eFlight\u202c \u2066of\u2069 be\u200bes\u200f', 'Flight of bees'],
    ['Wait…', 'Wait…'],
    ['And so on...', 'And so on...'],
    ['C#', 'C#'],
    ['{x} in sets', '{x} in sets'],
    ['飛ぶ蜂', '飛ぶ蜂'],
    ['👩‍🚀 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣', '👩‍🚀 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣'],
    ['می‌خواهم', 'می‌خواهم'],
    [`${'bee '.repeat(40)}`, `${'bee '.repeat(40).slice(0, 79)}…`],
    [`${'a'.repeat(78)}🐝🐝`, `${'a'.repeat(78)}…`],
    [`${'a'.repeat(76)}👩‍🚀🐝`, `${'a'.repeat(76)}👩…`],
  ])('is, of %j, %j', (answer, expected) => {
    expect(readTitle(answer)).toBe(expected)
  })

  it.each([
    ...['', ' \n', '""', '\u200b', '\u202e\u202c', '<think>Hm.</think>', '<think>\nOkay, the user'],
    ...['{}', '{"title": ""}', '{"title": null}', '{"title": 1}', '{"one": "a", "two": "b"}', '{"title": "\\u202e"}'],
    ...['```json\n```', '```', '```json\n{}\n```', '{\n"title', 'Title:', '**Title:** “ ”', '?!'],
  ])('is nothing, of %j', (answer) => {
    expect(readTitle(answer)).toBeNull()
  })

  it('is the same in whatever it is framed', () => {
    fc.assert(
      fc.property(title, fc.constantFrom(...FRAMES), (text, frame) => {
        expect(readTitle(frame(text))).toBe(text)
      }),
    )
  })

  it('is the same whatever stands in it that cannot be seen', () => {
    const letter = fc.constantFrom(...'abc 飛é🐝')
    fc.assert(
      fc.property(fc.array(fc.tuple(letter, unseen), { maxLength: 20 }), (letters) => {
        const seen = letters.map(([each]) => each).join('')
        expect(readTitle(letters.flat().join(''))).toBe(readTitle(seen))
      }),
    )
  })

  it('is one short line in which everything can be seen, from which nothing more is taken', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      unseen,
      title,
      fc.constantFrom(
        '"',
        '.',
        '…',
        '`',
        '```',
        '{',
        '}',
        '{"title": ',
        '\n',
        'title:',
        '\u200d',
        '\ud800',
        '👩‍',
        '</think>',
      ),
    )
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (answer) => {
          const read = readTitle(answer)
          if (read === null) return
          expect(read).toMatch(/^\S(.*\S)?$/u)
          expect(read).not.toMatch(new RegExp(`[${DIRECTIONS.join('')}\\p{Cc}\u200b\u2060\ufeff]`, 'u'))
          expect(read.length).toBeLessThanOrEqual(80)
          expect(read.isWellFormed()).toBe(true)
          expect(readTitle(read)).toBe(read)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('is found at once, however much a model frames it', () => {
    const answer = `${'".'.repeat(10_000)}${'{"title": '.repeat(2_000)}${'```'.repeat(5_000)}`
    const begunAt = performance.now()
    for (const text of [answer, [...answer].reverse().join(''), `a${'".'.repeat(10_000)}`]) readTitle(text)
    expect(performance.now() - begunAt).toBeLessThan(2_000)
  })
})
