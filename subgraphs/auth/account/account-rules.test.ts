import { describe, expect, test } from 'vitest'
import { readDisplayName, readEmail, readLogin, readUsername } from './account-rules.ts'

const refused = expect.objectContaining({ code: 'BAD_USER_INPUT' })

describe('An email address', () => {
  test('is kept as written, under a key without case and width', () => {
    expect(readEmail('Ada.Lovelace+notes@Example.COM')).toEqual({
      text: 'Ada.Lovelace+notes@Example.COM',
      key: 'ada.lovelace+notes@example.com',
    })
    expect(readEmail('ＡＤＡ@example.com').key).toBe('ada@example.com')
  })

  test.each(['ada@bücher.example', 'ada@mail.example.co.uk', "o'neil@example.com", `${'a'.repeat(64)}@example.com`])(
    '%s is accepted',
    (email) => {
      expect(readEmail(email).text).toBe(email)
    },
  )

  test.each([
    [''],
    ['ada'],
    ['@example.com'],
    ['ada@'],
    ['ada@localhost'],
    ['ada@@example.com'],
    ['ada@exam ple.com'],
    [' ada@example.com'],
    ['ada@example.com '],
    ['ada@example.com\r\nBcc: all@example.com'],
    ['ada\u0000@example.com'],
    ['ada\u200b@example.com'],
    ['ada\ud800@example.com'],
    ['ada＠evil.example@example.com'],
    ['ada@-example.com'],
    ['Ada <ada@example.com>'],
    ['a@example.com,b@example.com'],
    [`${'a'.repeat(65)}@example.com`],
    [`ada@${'a.'.repeat(124)}com`],
  ])('%j is refused', (email) => {
    expect(() => readEmail(email)).toThrow(refused)
  })

  test('of 254 characters is the longest', () => {
    const longest = `ada@${'a'.repeat(62)}.${'b'.repeat(62)}.${'c'.repeat(62)}.${'d'.repeat(57)}.com`
    expect(longest).toHaveLength(254)
    expect(readEmail(longest).text).toBe(longest)
    expect(() => readEmail(`a${longest}`)).toThrow(refused)
  })
})

describe('A username', () => {
  test.each(['ada', 'Ada_Lovelace', 'a.b-c', '0'.repeat(32)])('%s is accepted', (username) => {
    expect(readUsername(username)).toEqual({ text: username, key: username.toLowerCase() })
  })

  test.each([
    [''],
    ['ab'],
    ['a'.repeat(33)],
    ['ada lovelace'],
    ['ada@home'],
    ['аda'],
    ['ada\n'],
    ['ada\u0000'],
    ['ａda'],
  ])('%j is refused', (username) => {
    expect(() => readUsername(username)).toThrow(refused)
  })
})

describe('A display name', () => {
  test.each([['A'], ['Ada Lovelace'], ['李小龍'], ['👩‍💻 Ada'], ['😀'.repeat(80)]])('%j is accepted', (name) => {
    expect(readDisplayName(name)).toBe(name)
  })

  test.each([[''], ['   '], ['a'.repeat(81)], ['😀'.repeat(81)], ['A\nB'], ['A\u0000'], ['A\ud83d'], ['\u202eadA']])(
    '%j is refused',
    (name) => {
      expect(() => readDisplayName(name)).toThrow(refused)
    },
  )
})

describe('A login', () => {
  test('names an account by email address or username, whatever the case', () => {
    expect(readLogin('Ada@Example.com')).toEqual({ emailKey: 'ada@example.com' })
    expect(readLogin('Ada')).toEqual({ usernameKey: 'ada' })
  })

  test.each([[''], ['a'], ['ada\u0000'], ['ada\ud800@example.com'], ['a'.repeat(300)], ['ada@'.repeat(100)]])(
    '%j can name none',
    (login) => {
      expect(readLogin(login)).toBeUndefined()
    },
  )
})
