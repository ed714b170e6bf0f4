import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LeadingThoughts } from './leading-thoughts.ts'

/** The text of an answer that comes in these pieces. */
function textOf(...pieces: string[]): string {
  const thoughts = new LeadingThoughts()
  return pieces.map((piece) => thoughts.take(piece)).join('') + thoughts.end()
}

/** Likely beginnings of answers. */
const answer = fc
  .array(fc.oneof(fc.constantFrom('<think>', '</think>', '<', 'think', '>', '/', ' ', '\n', 'a'), fc.string()))
  .map((parts) => parts.join(''))
/** Words that no white space begins. */
const words = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text === text.trimStart())
const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\u00a0'), maxLength: 64 })

/** A text cut anywhere. */
const inPieces = (text: string) =>
  fc.array(fc.nat({ max: text.length }), { maxLength: 20 }).map((cuts) => {
    const ends = [...cuts.toSorted((one, other) => one - other), text.length]
    return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end))
  })

describe('the text of an answer', () => {
  it('is the same however the answer is cut', () => {
    const cut = answer.chain((text) => fc.tuple(fc.constant(text), inPieces(text)))
    fc.assert(
      fc.property(cut, ([text, pieces]) => {
        expect(textOf(...pieces)).toBe(textOf(text))
      }),
    )
  })

  it('is all of it when it does not begin with thoughts', () => {
    const plain = answer.filter((text) => !text.trimStart().startsWith('<think>'))
    fc.assert(
      fc.property(plain, (text) => {
        expect(textOf(text)).toBe(text)
      }),
    )
  })

  it('is what stands behind its thoughts when it begins with them', () => {
    const thoughts = fc.string().filter((text) => !text.includes('</think>'))
    fc.assert(
      fc.property(space, thoughts, space, words, (before, thought, behind, text) => {
        expect(textOf(`${before}<think>${thought}</think>${behind}${text}`)).toBe(text)
        expect(textOf(`${before}<think>${thought}`)).toBe('')
      }),
    )
  })

  it('waits for no more than what may be the beginning of thoughts', () => {
    fc.assert(
      fc.property(answer, (text) => {
        const thoughts = new LeadingThoughts()
        let given = ''
        for (const [index, unit] of text.split('').entries()) {
          given += thoughts.take(unit)
          const soFar = text.slice(0, index + 1)
          if (!'<think>'.startsWith(soFar.trimStart()) && !soFar.trimStart().startsWith('<think>')) {
            expect(given).toBe(soFar)
          }
        }
      }),
    )
  })

  it('does not wait behind more than 64 white spaces', () => {
    expect(new LeadingThoughts().take(' '.repeat(65))).toBe(' '.repeat(65))
    expect(textOf(' '.repeat(65), '<think>a</think>b')).toBe(`${' '.repeat(65)}<think>a</think>b`)
  })
})
