import { hash, parseOptions } from '@node-rs/argon2'
import { describe, expect, test } from 'vitest'
import { RateLimitedError } from '../../../platform/errors.ts'
import { PasswordHasher } from './password-hasher.ts'

const PASSWORD = 'correct horse battery'

describe('The password hasher', () => {
  test('makes argon2id hashes of the documented cost, each with a salt of its own', async () => {
    const hasher = new PasswordHasher()
    const [first, second] = await Promise.all([hasher.hash(PASSWORD), hasher.hash(PASSWORD)])
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(first).not.toBe(second)
  })

  test('tells the right password from a wrong one', async () => {
    const hasher = new PasswordHasher()
    const hashed = await hasher.hash(PASSWORD)
    expect(await hasher.verify(hashed, PASSWORD)).toBe(true)
    expect(await hasher.verify(hashed, `${PASSWORD} `)).toBe(false)
    expect(await hasher.verify(hashed, undefined)).toBe(false)
  })

  test('works as long for somebody who does not exist', async () => {
    const hasher = new PasswordHasher()
    const hashed = await hasher.hash(PASSWORD)
    const [known, unknown, unusable] = await fastestOf(10, [
      () => hasher.verify(hashed, 'wrong'),
      () => hasher.verify(undefined, 'wrong'),
      () => hasher.verify(hashed, undefined),
    ])
    for (const time of [unknown, unusable]) {
      expect(time / known).toBeGreaterThan(0.7)
      expect(time / known).toBeLessThan(1.4)
    }
  })

  test('lets nobody wait in a full queue, known or unknown', async () => {
    const hasher = new PasswordHasher({ atOnce: 1, waiting: 0 })
    const running = hasher.verify(undefined, PASSWORD)
    await expect(hasher.verify(undefined, PASSWORD)).rejects.toThrow(RateLimitedError)
    await expect(hasher.hash(PASSWORD)).rejects.toThrow(RateLimitedError)
    expect(await running).toBe(false)
  })

  test('knows a hash of lower cost as outdated', async () => {
    const hasher = new PasswordHasher()
    const cheap = await hash(PASSWORD, { memoryCost: 8_192, timeCost: 1 })
    expect(parseOptions(cheap).memoryCost).toBe(8_192)
    expect(hasher.isOutdated(cheap)).toBe(true)
    expect(hasher.isOutdated(await hasher.hash(PASSWORD))).toBe(false)
  })
})

/** The milliseconds of each work's fastest run; in turn, so that what else the machine does falls on all of them. */
async function fastestOf<Works extends (() => Promise<unknown>)[]>(
  rounds: number,
  works: [...Works],
): Promise<{ [Index in keyof Works]: number }> {
  const fastest = works.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, work] of works.entries()) {
      const start = performance.now()
      await work()
      fastest[index] = Math.min(fastest[index] ?? 0, performance.now() - start)
    }
  }
  return fastest as { [Index in keyof Works]: number }
}
