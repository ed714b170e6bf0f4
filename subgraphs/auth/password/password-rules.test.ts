import { describe, expect, test } from 'vitest'
import { normalisePassword, readNewPassword } from './password-rules.ts'

const rules = { minLength: 12 }
const refused = expect.objectContaining({ code: 'WEAK_PASSWORD', path: ['input', 'password'] })

describe('A new password', () => {
  test.each([
    ['twelve letters', 'aaaaaaaaaaaa'],
    ['twelve characters outside the basic plane', '😀'.repeat(12)],
    ['256 characters', 'a'.repeat(256)],
    ['256 characters outside the basic plane', '😀'.repeat(256)],
    ['spaces inside and around', '  a b c d e f  '],
  ])('of %s is accepted', (_title, password) => {
    expect(readNewPassword(password, rules)).toBe(password)
  })

  test.each([
    ['eleven letters', 'aaaaaaaaaaa'],
    ['six characters of two UTF-16 units each', '😀'.repeat(6)],
    ['twelve code points that normalise to six', 'e\u0301'.repeat(6)],
    ['257 characters', 'a'.repeat(257)],
    ['letters that normalise to more than 256', 'ﷺ'.repeat(200)],
    ['a megabyte', 'a'.repeat(1_000_000)],
    ['a NUL', 'aaaaaaaaaaaa\u0000'],
    ['a lone surrogate', 'aaaaaaaaaaaa\ud800'],
  ])('of %s is refused', (_title, password) => {
    expect(() => readNewPassword(password, rules)).toThrow(refused)
  })

  test('is the same however its letters are composed', () => {
    const composed = readNewPassword('éééééééééééé', rules)
    expect(normalisePassword('e\u0301'.repeat(12))).toBe(composed)
  })
})
