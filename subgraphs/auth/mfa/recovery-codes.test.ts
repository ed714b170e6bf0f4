import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { AppOwner } from './testing/app-owner.ts'
import { FactorDatabase } from './testing/factor-database.ts'

const clock = new ManualClock()
let auth: RunningAuth
let database: FactorDatabase

beforeAll(async () => {
  auth = await startTestAuth(clock)
  database = new FactorDatabase(auth)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

const enter = () => AppOwner.enter(auth.client, clock)
const enrolled = () => AppOwner.enrolled(auth.client, clock)

describe('Recovery codes', () => {
  test('are good once each, in any order, and each use is on record', async () => {
    const owner = await enrolled()
    const codes = owner.recoveryCodes.toReversed()
    for (const code of codes) expect(await owner.signIn(code)).toBe('DONE')
    expect(await owner.signIn(codes[0])).toBe('INVALID_CODE')
    expect(await owner.signIn(codes[9])).toBe('INVALID_CODE')
    expect(await database.auditOf(owner)).toEqual(['totp.enabled', ...Array(10).fill('totp.recovery_code_used')])
    expect(await owner.signIn(owner.code())).toBe('DONE')
  })

  test('let one of five sign-ins pass that send the same one at once', async () => {
    const owner = await enrolled()
    const outcomes = await database.fiveAtOnce('recovery_code', owner, () => owner.signIn(owner.recoveryCodes[3]))
    expect(outcomes).toEqual(['DONE', ...Array(4).fill('INVALID_CODE')])
    expect(await database.stored(owner)).toEqual({ confirmed: true, codes: 9 })
    expect(await database.auditOf(owner)).toEqual(['totp.enabled', 'totp.recovery_code_used'])
  })

  test('are read through capitals, spaces and missing hyphens', async () => {
    const owner = await enrolled()
    const [first = '', second = ''] = owner.recoveryCodes
    expect(await owner.signIn(first.replace('-', '').toUpperCase())).toBe('DONE')
    expect(await owner.signIn(`  ${[...second].join(' ')}\n`)).toBe('DONE')
  })

  test('of one user are worth nothing to another', async () => {
    const [owner, thief] = [await enrolled(), await enrolled()]
    expect(await thief.signIn(owner.recoveryCodes[0])).toBe('INVALID_CODE')
    expect(await owner.signIn(owner.recoveryCodes[0])).toBe('DONE')
  })

  test('are not spent when the use cannot be put on record', async () => {
    const owner = await enrolled()
    await database.withoutAuditOf('totp.recovery_code_used', async () => {
      expect(await owner.signIn(owner.recoveryCodes[0])).toBe('INTERNAL_SERVER_ERROR')
    })
    expect(await owner.signIn(owner.recoveryCodes[0])).toBe('DONE')
  })
})

describe('After ten wrong codes', () => {
  test('of any kind at any door, the right ones are RATE_LIMITED as well, and not spent', async () => {
    const [owner, other] = [await enrolled(), await enrolled()]
    const wrong = owner.wrongCode()
    for (const code of [wrong, wrong, wrong, 'aaaaa-aaaaa', other.recoveryCodes[0], 'nonsense']) {
      expect(await owner.signIn(code)).toBe('INVALID_CODE')
    }
    for (const code of [wrong, 'bbbbb-bbbbb', '', '1234567']) expect(await owner.disable(code)).toBe('INVALID_CODE')
    expect(await owner.signIn(owner.code())).toBe('RATE_LIMITED')
    expect(await owner.signIn(owner.recoveryCodes[0])).toBe('RATE_LIMITED')
    expect(await owner.disable(owner.code())).toBe('RATE_LIMITED')
    expect(await database.stored(owner)).toEqual({ confirmed: true, codes: 10 })
    expect(await owner.signIn()).toBe('TOTP_REQUIRED')
    expect(await other.signIn(other.code())).toBe('DONE')
  })

  test('at once, of thirty, twenty were not looked at', async () => {
    const owner = await enter()
    await owner.begin()
    const wrong = owner.wrongCode()
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => owner.confirm(wrong)))
    expect(outcomes.sort()).toEqual([...Array(10).fill('INVALID_CODE'), ...Array(20).fill('RATE_LIMITED')])
    expect(await owner.confirm(owner.code())).toBe('RATE_LIMITED')
  })

  test('among right ones, which do not count, it is the tenth that blocks', async () => {
    const owner = await enrolled()
    const wrong = owner.wrongCode()
    for (let round = 0; round < 10; round++) {
      expect(await owner.signIn(wrong)).toBe('INVALID_CODE')
      expect(await owner.signIn(owner.recoveryCodes[round])).toBe(round < 9 ? 'DONE' : 'RATE_LIMITED')
    }
  })
})
