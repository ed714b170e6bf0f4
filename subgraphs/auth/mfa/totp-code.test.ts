import { describe, expect, test } from 'vitest'
import { newTotpSecret, totpSecretForm, totpStepOf } from './totp-code.ts'

/** RFC 6238, appendix B, SHA-1: of its eight digits the last six. */
const RFC_SECRET = Buffer.from('12345678901234567890')
const RFC_VECTORS: [seconds: number, code: string][] = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
]

const at = (seconds: number) => new Date(seconds * 1000)

describe('The time step of a code', () => {
  test.each(RFC_VECTORS)('at %i s is found as RFC 6238 has it', async (seconds, code) => {
    expect(await totpStepOf(RFC_SECRET, code, at(seconds))).toBe(Math.floor(seconds / 30))
  })

  test('is found one step early and one step late, to the millisecond, and no further', async () => {
    const step = Math.floor(1_234_567_890 / 30)
    const found = (seconds: number) => totpStepOf(RFC_SECRET, '005924', at(seconds))
    const opens = (step - 1) * 30
    const closes = (step + 2) * 30
    expect(await found(opens)).toBe(step)
    expect(await found(closes - 0.001)).toBe(step)
    expect(await found(opens - 0.001)).toBeUndefined()
    expect(await found(closes)).toBeUndefined()
  })

  test('is not found for a code of another secret', async () => {
    expect(await totpStepOf(newTotpSecret(), '005924', at(1_234_567_890))).toBeUndefined()
  })
})

describe('A new secret', () => {
  test('has 160 bits and is never the same', () => {
    const secrets = Array.from({ length: 100 }, newTotpSecret)
    expect(new Set(secrets.map(({ length }) => length))).toEqual(new Set([20]))
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(100)
  })

  test('is shown in base32, and in a URL that names the account however it is spelt', () => {
    const { secret, otpauthUrl } = totpSecretForm(RFC_SECRET, 'zoë+a&b/c?d#e%f@bücher.example')
    expect(secret).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
    const url = new URL(otpauthUrl)
    expect([url.protocol, url.host, url.hash]).toEqual(['otpauth:', 'totp', ''])
    expect(decodeURIComponent(url.pathname)).toBe('/Parley:zoë+a&b/c?d#e%f@bücher.example')
    expect(Object.fromEntries(url.searchParams)).toEqual({ secret, issuer: 'Parley' })
  })
})
