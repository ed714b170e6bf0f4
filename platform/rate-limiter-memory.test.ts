import { RateLimiterRes } from 'rate-limiter-flexible'
import { describe, expect, test } from 'vitest'
import { MemoryWindows } from './rate-limiter-memory.ts'

describe('Windows in memory', () => {
  test('are never more than so many, and the oldest go first', async () => {
    const windows = new MemoryWindows({ points: 1, seconds: 60, mostKeys: 1_000 })
    const sizes = new Set<number>()
    for (let key = 1; key <= 5_000; key += 1) {
      await windows.consume(`key ${key}`)
      sizes.add(windows.size)
    }
    expect(Math.max(...sizes)).toBe(1_000)
    for (let key = 4_501; key <= 5_000; key += 1) {
      await expect(windows.consume(`key ${key}`)).rejects.toBeInstanceOf(RateLimiterRes)
    }
    await windows.consume('key 1')
  })

  test('of a key are kept however often other keys come again', async () => {
    const windows = new MemoryWindows({ points: 2, seconds: 60, mostKeys: 4 })
    const names = ['ada', 'grace', 'edsger']
    for (const name of [...names, ...names]) await windows.consume(name)
    for (const name of [...names, ...names]) {
      await expect(windows.consume(name)).rejects.toBeInstanceOf(RateLimiterRes)
    }
  })

  test('are let go when they are over', async () => {
    const windows = new MemoryWindows({ points: 1, seconds: 0.05 })
    for (let key = 0; key < 100; key += 1) await windows.consume(`key ${key}`)
    const sizeAfterAnother = async () => {
      await windows.consume('another').catch(() => undefined)
      return windows.size
    }
    await expect.poll(sizeAfterAnother).toBeLessThan(3)
  })

  test('open and close quickly when there are as many as there may be', async () => {
    const windows = new MemoryWindows({ points: 1, seconds: 60 })
    const startedAt = performance.now()
    for (let key = 0; key < 200_000; key += 1) await windows.consume(`key ${key}`)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})
