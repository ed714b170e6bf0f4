import { describe, expect, test } from 'vitest'
import { MailTemplates } from './mail-templates.ts'

const SITE = 'https://chat.example.org'
const templates = new MailTemplates(SITE)
const until = new Date('2026-03-01T12:34:56.789Z')
const token = 'A'.repeat(43)
const link = { url: `${SITE}/verify-email?token=${token}`, token, purpose: 'VERIFY_EMAIL' } as const

const letters = [
  ['verification', templates.verification(link, until, 'ada.lovelace_1-2')],
  ['a new password', templates.passwordReset(link, until)],
  ['an account that exists', templates.accountExists()],
  ['a changed password', templates.notice('PASSWORD_CHANGED')],
  ['a changed second factor', templates.notice('SECOND_FACTOR_CHANGED')],
  ['a token that was used again', templates.notice('TOKEN_REUSED')],
] as const

describe('The mail about', () => {
  test.each(letters)(
    '%s is a few lines of plain ASCII that name the site and what to do',
    (_title, { subject, text }) => {
      expect(subject).toMatch(/^[ -~]{10,60}$/)
      expect(text).toMatch(/^[ -~\n]{100,700}\n$/)
      expect(text).toContain(SITE)
      expect(text).toContain('If it was not you')
    },
  )

  test.each(letters.slice(0, 2))(
    '%s has the link on a line of its own, and says how long it is good',
    (_title, { text }) => {
      expect(text.split('\n')).toContain(link.url)
      expect(text).toContain('It works once, until 2026-03-01 12:34 UTC.')
    },
  )

  test.each(letters.slice(2))('%s has no link with a token', (_title, { text }) => {
    expect(text).not.toMatch(/token|\?/)
  })

  test('verification names the account in quotation marks, before its link and after it', () => {
    const { text } = templates.verification(link, until, 'ada.lovelace_1-2')
    const [before, after] = text.split(link.url)
    for (const part of [before, after]) expect(part).toContain('"ada.lovelace_1-2"')
    expect(after).toContain('Follow it only if')
  })
})
