import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isCommonPassword } from './common-passwords.ts'

describe('A common password', () => {
  test.each([
    'password',
    'sonyericsson',
    'SonyEricsson',
    '1qaz2wsx3edc',
    'password1234!',
    'Password2024!',
    '!!christopher1987',
    '(1qaz2wsx3edc)',
    'sunshine1234567890',
  ])('is %s', (password) => {
    expect(isCommonPassword(password)).toBe(true)
  })

  test.each([
    'correct horse battery',
    'correct horse battery staple',
    'password of my sister',
    'password 71 9304 852',
    'walruses1234',
    'é café olé André',
    '!?%$&/()=+*#',
    '',
  ])('is not %j', (password) => {
    expect(isCommonPassword(password)).toBe(false)
  })

  test('is every one of the list, which is well formed', () => {
    const text = readFileSync(new URL('common-passwords.txt', import.meta.url), 'utf8')
    const [, list = []] = text.split('SOFTWARE.\n\n').map((part) => part.trimEnd().split('\n'))
    expect(list).toHaveLength(63_940)
    expect(new Set(list).size).toBe(list.length)
    expect(list.filter((entry) => entry !== entry.normalize('NFKC').toLowerCase() || [...entry].length < 8)).toEqual([])
    expect(list.filter((entry) => /\p{C}/u.test(entry))).toEqual([])
    const ends = [...list.slice(0, 50), ...list.slice(-50)]
    expect(ends.filter((entry) => !isCommonPassword(entry))).toEqual([])
  })

  test('is no line of what is written above the list', () => {
    expect(isCommonPassword('Copyright (c) 2025 Daniel Miessler')).toBe(false)
    expect(isCommonPassword('MIT License')).toBe(false)
  })
})
