import { describe, expect, test } from 'vitest'
import { isPersonal, isRepetition, isRuns } from './password-rules-patterns.ts'

describe('A repetition', () => {
  test.each([
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    'abcabcabcabca',
    'monkeymonkey',
    '😀'.repeat(12),
    'elevenchars'.repeat(2),
  ])('is %s', (text) => {
    expect(isRepetition(text, 12)).toBe(true)
  })

  test.each(['correct horse battery', 'abcabcabcabd', 'twelve chars'.repeat(2), 'aaaaaaaaaaab'])(
    'is not %s',
    (text) => {
      expect(isRepetition(text, 12)).toBe(false)
    },
  )
})

describe('Runs', () => {
  test.each([
    '123456789012',
    '098765432109',
    'abcdefghijkl',
    'zyxwvutsrqpo',
    'xyzabcdefghi',
    'qwertyuiopas',
    'QWERTYUIOPAS',
    'poiuztrewqas',
    'zaq1xsw2cde3',
    '1qaz2wsx3edc',
    'йцукенгшщзхъ',
    'абвгдежзийкл',
    'aaaaaabbbbbb',
    'abcd1234efgh',
    '123abc456def',
    '12345678Kx7!',
    'abcdefg',
  ])('are %s', (text) => {
    expect(isRuns(text)).toBe(true)
  })

  test.each([
    'correct horse battery',
    'power expert desert',
    'my first 1234567 sheep',
    'abcX7$kq',
    'kE9#vTq2!mZx',
    '314159265358',
    '19840612 Kyoto',
    '',
  ])('are not %j', (text) => {
    expect(isRuns(text)).toBe(false)
  })
})

describe('What is personal', () => {
  const ADA = ['ada.lovelace@example.com', 'ada_l', 'Ada Lovelace']

  test.each([
    'ada.lovelace@example.com',
    'AdaLovelace1815',
    'ada-lovelace-ada',
    'Lovelace, Lovelace!',
    'lovelace 123456789',
    'ＬＯＶＥＬＡＣＥ 2024',
    'example12345',
    'Parley-2026!',
  ])('is %s', (text) => {
    expect(isPersonal(text, ADA)).toBe(true)
  })

  test.each(['correct horse battery', 'lovelace wrote programs', 'ada, ada, and grace!', '!?%$&/()=+*#', ''])(
    'is not %j',
    (text) => {
      expect(isPersonal(text, ADA)).toBe(false)
    },
  )

  test('is in any script', () => {
    expect(isPersonal('Анна Каренина 1877', ['Анна Каренина'])).toBe(true)
    expect(isPersonal('Анна Каренина 1877', ['Лев Толстой'])).toBe(false)
  })

  test('is no word of three letters, and none when there are no words', () => {
    expect(isPersonal('bobbobbob bob', ['bob', 'b@ob.de', ''])).toBe(false)
    expect(isPersonal('robin robin robin', [])).toBe(false)
  })
})
