import { describe, expect, onTestFinished, test } from 'vitest'
import { RateLimitedError } from '../../../platform/errors.ts'
import { createLogger } from '../../../platform/logging.ts'
import { openRateLimiters } from '../../../platform/rate-limiter.ts'
import { AccountLimits } from './account-limits.ts'

const HERE = '192.0.2.1'
const ELSEWHERE = '2001:db8::1'

describe('Sign-ups', () => {
  test('are so many a minute for each address', async () => {
    const limits = await createLimits({ signUpsPerMinute: 3 })
    expect(await allowed(10, () => limits.signUp(HERE))).toBe(3)
    expect(await allowed(10, () => limits.signUp(ELSEWHERE))).toBe(3)
  })

  test('of all addresses of one household count together', async () => {
    const limits = await createLimits({ signUpsPerMinute: 3 })
    expect(await allowed(10, (index) => limits.signUp(`2001:db8:1:2::${index}`))).toBe(3)
    expect(await allowed(10, () => limits.signUp('2001:db8:1:3::1'))).toBe(3)
  })

  test('from nowhere count together', async () => {
    const limits = await createLimits({ signUpsPerMinute: 3 })
    expect(await allowed(10, () => limits.signUp(null))).toBe(3)
  })
})

describe('Sign-ins', () => {
  test('of one account are so many a minute when they fail, wherever they come from', async () => {
    const limits = await createLimits({ signInFailuresPerMinute: 10 })
    expect(await allowed(30, (index) => limits.signIn(`192.0.2.${index}`, 'ada'))).toBe(10)
    expect(await allowed(1, () => limits.signIn(HERE, 'grace'))).toBe(1)
  })

  test('from one address are six times as many when they fail, whomever they name', async () => {
    const limits = await createLimits({ signInFailuresPerMinute: 10 })
    expect(await allowed(100, (index) => limits.signIn(HERE, `user ${index}`))).toBe(60)
    expect(await allowed(1, () => limits.signIn(ELSEWHERE, 'user 0'))).toBe(1)
  })

  test('do not count when they succeed', async () => {
    const limits = await createLimits({ signInFailuresPerMinute: 2 })
    for (let round = 0; round < 20; round += 1) await (await limits.signIn(HERE, 'ada')).succeeded()
    expect(await allowed(10, () => limits.signIn(HERE, 'ada'))).toBe(2)
  })

  test('that succeed give back one point, however often they say so', async () => {
    const limits = await createLimits({ signInFailuresPerMinute: 3 })
    const attempts = [await limits.signIn(HERE, 'ada'), await limits.signIn(HERE, 'ada')]
    await attempts[0]?.succeeded()
    await attempts[0]?.succeeded()
    expect(await allowed(10, () => limits.signIn(HERE, 'ada'))).toBe(2)
  })

  test('from an address that is blocked take nothing of the account', async () => {
    const limits = await createLimits({ signInFailuresPerMinute: 10 })
    await allowed(60, (index) => limits.signIn(HERE, `user ${index}`))
    expect(await allowed(30, () => limits.signIn(HERE, 'ada'))).toBe(0)
    expect(await allowed(30, () => limits.signIn(ELSEWHERE, 'ada'))).toBe(10)
  })

  test('of an account that is blocked take nothing of the address', async () => {
    const limits = await createLimits({ signInFailuresPerMinute: 10 })
    await allowed(30, () => limits.signIn(ELSEWHERE, 'ada'))
    expect(await allowed(100, () => limits.signIn(HERE, 'ada'))).toBe(0)
    expect(await allowed(100, (index) => limits.signIn(HERE, `user ${index}`))).toBe(60)
  })

  test('are refused in the same words for an account and for an address', async () => {
    const [ofAccount, ofAddress] = [await createLimits(), await createLimits()]
    await allowed(10, () => ofAccount.signIn(HERE, 'ada'))
    await allowed(60, (index) => ofAddress.signIn(HERE, `user ${index}`))
    const words = /^Too many sign-ins failed\. Try again in (59|60) seconds\.$/
    await expect(ofAccount.signIn(HERE, 'ada')).rejects.toThrow(words)
    await expect(ofAddress.signIn(HERE, 'ada')).rejects.toThrow(words)
  })
})

describe('Codes of a second factor', () => {
  test('are ten in a quarter of an hour for each user when they are wrong', async () => {
    const limits = await createLimits()
    for (let round = 0; round < 20; round += 1) await (await limits.secondFactor('ada')).succeeded()
    expect(await allowed(30, () => limits.secondFactor('ada'))).toBe(10)
    expect(await allowed(30, () => limits.secondFactor('grace'))).toBe(10)
    await expect(limits.secondFactor('ada')).rejects.toThrow(
      /^Too many codes were wrong\. Try again in (899|900) seconds/,
    )
  })
})

describe('Mails', () => {
  test('to one email address are six in a quarter of an hour, whoever asks', async () => {
    const limits = await createLimits()
    expect(await allowed(10, (index) => limits.mail(`192.0.2.${index}`, 'ada@example.com'))).toBe(6)
    expect(await allowed(10, () => limits.mail(HERE, 'grace@example.com'))).toBe(6)
  })

  test('at the request of one address are twenty a minute, whomever they are for', async () => {
    const limits = await createLimits()
    expect(await allowed(50, (index) => limits.mail(HERE, `user${index}@example.com`))).toBe(20)
    expect(await allowed(50, () => limits.mail(HERE, 'ada@example.com'))).toBe(0)
    expect(await allowed(50, () => limits.mail(ELSEWHERE, 'ada@example.com'))).toBe(6)
  })
})

describe('Mails that come with something else', () => {
  test('count with those that were asked for, and the answer is no instead of an error', async () => {
    const limits = await createLimits()
    expect(await limits.mayMail('ada@example.com')).toBe(true)
    expect(await allowed(1, () => limits.mail(HERE, 'ada@example.com'))).toBe(1)
    const answers = await Promise.all(Array.from({ length: 10 }, () => limits.mayMail('ada@example.com')))
    expect(answers.filter(Boolean)).toHaveLength(4)
    expect(await allowed(10, () => limits.mail(ELSEWHERE, 'ada@example.com'))).toBe(0)
    expect(await limits.mayMail('grace@example.com')).toBe(true)
  })
})

describe('Tokens out of mails', () => {
  test('are twenty a minute for each address', async () => {
    const limits = await createLimits()
    expect(await allowed(50, () => limits.mailedToken(HERE))).toBe(20)
    expect(await allowed(50, () => limits.mailedToken(ELSEWHERE))).toBe(20)
  })
})

async function createLimits(
  limits: { signUpsPerMinute?: number; signInFailuresPerMinute?: number } = {},
): Promise<AccountLimits> {
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  const limiters = await openRateLimiters({ redisUrl: undefined, logger })
  onTestFinished(() => limiters[Symbol.asyncDispose]())
  return new AccountLimits(limiters, { signUpsPerMinute: 20, signInFailuresPerMinute: 10, ...limits })
}

/** How many of so many at once are let through. */
async function allowed(count: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, index) => work(index)))
  const refusals = outcomes.filter((outcome) => outcome.status === 'rejected')
  for (const { reason } of refusals) expect(reason).toBeInstanceOf(RateLimitedError)
  return count - refusals.length
}
