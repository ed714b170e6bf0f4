import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normalisePassword, readNewPassword } from './password-rules.ts'

const rules = { minLength: 12 }
const refused = expect.objectContaining({ code: 'WEAK_PASSWORD', path: ['input', 'password'] })

describe('A new password', () => {
  test.each([
    ['twelve letters', 'ehcolsairtfu'],
    ['twelve characters outside the basic plane', distinct(12, 0x1f300)],
    ['256 characters', distinct(256, 0x4e00)],
    ['256 characters outside the basic plane', distinct(256, 0x1f300)],
    ['spaces inside and around', '  w a l r u s  '],
    ['three words', 'correct horse battery'],
    ['four words', 'correct horse battery staple'],
    ['digits alone', '604817359264'],
  ])('of %s is accepted', (_title, password) => {
    expect(readNewPassword(password, rules)).toBe(password)
  })

  test.each([
    ['eleven letters', 'ehcolsairtf', /^Choose a password of 12 to 256 characters\.$/],
    ['six characters of two UTF-16 units each', '😀😁😂🙃🙄🙅', /12 to 256/],
    ['twelve code points that normalise to six', 'e\u0301a\u0301o\u0301i\u0301u\u0301y\u0301', /12 to 256/],
    ['257 characters', distinct(257, 0x4e00), /12 to 256/],
    ['letters that normalise to more than 256', 'ﷺ'.repeat(200), /12 to 256/],
    ['a megabyte', 'a'.repeat(1_000_000), /12 to 256/],
    ['a NUL', 'correct horse\u0000', /NUL/],
    ['a lone surrogate', 'correct horse\ud800', /no keyboard/],
    ['one piece again and again', 'abcabcabcabc', /repeats one short piece.*Choose another/],
    ['one character again and again', 'AaAaAaAaAaAa', /repeats one short piece.*Choose another/],
    ['characters in a row', '123456789012', /in a row.*Choose another/],
    ['keys in a row', 'QwertyUiopAs', /in a row.*Choose another/],
    ['the service’s name', 'parley-2026!', /name or an email.*Choose another/],
    ['a common password', 'SonyEricsson', /commonest.*Choose another/],
    ['a common password and a year', 'Password2024!', /commonest.*Choose another/],
    ['a common password in wide letters', 'ｓｏｎｙｅｒｉｃｓｓｏｎ', /commonest.*Choose another/],
  ])('of %s is refused', (_title, password, message) => {
    expect(() => readNewPassword(password, rules)).toThrow(refused)
    expect(() => readNewPassword(password, rules)).toThrow(message)
  })

  test('is refused when it is little but the account’s own names', () => {
    const personal = ['ada@example.com', 'ada_lovelace', 'Ada Lovelace']
    expect(() => readNewPassword('Ada.Lovelace.1815', { ...rules, personal })).toThrow(/name or an email/)
    expect(readNewPassword('Ada.Lovelace.1815', rules)).toBe('Ada.Lovelace.1815')
  })

  test('is refused at the field that it comes from', () => {
    const path = ['input', 'newPassword']
    expect(() => readNewPassword('too short', { ...rules, path })).toThrow(
      expect.objectContaining({ code: 'WEAK_PASSWORD', path }),
    )
  })

  test('never appears in what is said about it', () => {
    for (const password of ['abcabcabcabc', '123456789012', 'sonyericsson', 'shortone']) {
      expect(() => readNewPassword(password, rules)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(password) }),
      )
    }
  })

  test('is the same however its letters are composed', () => {
    const composed = readNewPassword('é café olé André', rules)
    expect(normalisePassword('e\u0301 cafe\u0301 ole\u0301 Andre\u0301')).toBe(composed)
  })

  test('drawn at random from letters, digits and signs is not refused', () => {
    const characters = Array.from({ length: 0x7e - 0x20 }, (_, index) => String.fromCharCode(0x20 + index))
    const drawn = fc.noBias(
      fc.string({ unit: fc.constantFrom(...characters), minLength: 16, maxLength: 64, size: 'max' }),
    )
    for (const password of fc.sample(drawn, { seed: 1, numRuns: 500 })) {
      expect(readNewPassword(password, { ...rules, personal: ['robin@example.com', 'robin'] })).toBe(password)
    }
  })

  test('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300, size: 'max' }),
        fc.array(fc.string()),
        (text, personal) => {
          try {
            expect(normalisePassword(readNewPassword(text, { ...rules, personal }))).toBe(text.normalize('NFKC'))
          } catch (error) {
            expect(error).toEqual(refused)
          }
        },
      ),
    )
  })
})

/** So many different characters, of which no two neighbours follow each other. */
function distinct(length: number, from: number): string {
  return Array.from({ length }, (_, index) => String.fromCodePoint(from + ((index * 5) % 257))).join('')
}
