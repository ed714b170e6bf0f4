import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newRecoveryCodes, readRecoveryCode } from './recovery-codes.ts'
import { isTotpCode, normaliseCode } from './typed-code.ts'

const separator = fc.constantFrom(
  '',
  ' ',
  '  ',
  '-',
  '\t',
  '\n',
  '\u00A0',
  '\u3000',
  '\u2011',
  '\u2013',
  '\u2212',
  '－',
)
const totpCode = fc.stringMatching(/^[0-9]{6}$/)
const recoveryCode = fc.stringMatching(/^[0-9a-hjkmnp-tv-z]{10}$/)

/** A code as somebody might type it: separators anywhere, characters changed. */
function typed(code: fc.Arbitrary<string>, variants: (character: string) => string[]) {
  return code.chain((text) =>
    fc
      .tuple(separator, ...[...text].map((character) => fc.tuple(fc.constantFrom(...variants(character)), separator)))
      .map((parts) => ({ text, typed: parts.flat().join('') })),
  )
}

const fullWidth = (character: string) => String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0)

describe('A typed code', () => {
  test('of an authenticator app is read through white space, hyphens and full-width digits', () => {
    fc.assert(
      fc.property(
        typed(totpCode, (digit) => [digit, fullWidth(digit)]),
        ({ text, typed }) => {
          expect(normaliseCode(typed)).toBe(text)
          expect(isTotpCode(normaliseCode(typed))).toBe(true)
        },
      ),
    )
  })

  test('for recovery is read whatever the case, and with look-alikes', () => {
    const lookAlikes: Record<string, string[]> = { 0: ['o', 'O'], 1: ['l', 'L', 'i', 'I'] }
    const variants = (character: string) => [
      character,
      character.toUpperCase(),
      fullWidth(character),
      ...(lookAlikes[character] ?? []),
    ]
    fc.assert(
      fc.property(typed(recoveryCode, variants), ({ text, typed }) => {
        expect(isTotpCode(normaliseCode(typed))).toBe(false)
        expect(readRecoveryCode(normaliseCode(typed))).toBe(text)
      }),
    )
  })

  test('of a million marks, which would take minutes to normalise, is read at once', () => {
    const startedAt = performance.now()
    expect(isTotpCode(normaliseCode('\u0301\u0323'.repeat(500_000)))).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })

  test.each(['', '12345', '1234567', '12345a', '١٢٣٤٥٦', '12.456', '-123456x'])('%j is no code of an app', (text) => {
    expect(isTotpCode(normaliseCode(text))).toBe(false)
  })
})

describe('New recovery codes', () => {
  test('are ten, all different, in two groups of five without look-alikes', () => {
    const codes = newRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/)
  })

  test('use each of 32 characters as often as the others, which makes 50 bits', () => {
    const characters = Array.from({ length: 200 }, newRecoveryCodes).flat().join('').replaceAll('-', '')
    const counts = new Map<string, number>()
    for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect(counts.size).toBe(32)
    // Of 20,000 each has 625, give or take 25: ten times that never happens by chance.
    for (const count of counts.values()) expect(Math.abs(count - 625)).toBeLessThan(250)
  })
})
