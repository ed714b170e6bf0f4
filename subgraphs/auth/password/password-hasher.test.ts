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
    const works = [
      () => hasher.verify(hashed, 'wrong'),
      () => hasher.verify(undefined, 'wrong'),
      () => hasher.verify(hashed, undefined),
    ]
    const fastest = works.map(() => Number.POSITIVE_INFINITY)
    // What else the machine does makes a run longer, never shorter: the fastest runs draw near to what the work takes.
    await expect
      .poll(
        async () => {
          await runInTurn(works, fastest)
          const [known = 0, ...others] = fastest
          return others.every((time) => time / known > 0.7 && time / known < 1.4)
        },
        { timeout: 20_000 },
      )
      .toBe(true)
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

/** Runs each work ten times, in turn, and keeps the milliseconds of its fastest run if it is faster than before. */
async function runInTurn(works: readonly (() => Promise<unknown>)[], fastest: number[]): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    for (const [index, work] of works.entries()) {
      const start = performance.now()
      await work()
      fastest[index] = Math.min(fastest[index] ?? 0, performance.now() - start)
    }
  }
}
