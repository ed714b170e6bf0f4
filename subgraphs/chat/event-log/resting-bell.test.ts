import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type RestingBell, restingBell } from './resting-bell.ts'

describe('a resting bell', () => {
  let bell: RestingBell
  let rung: ReturnType<typeof vi.fn<() => void>>
  beforeEach(() => {
    vi.useFakeTimers()
    rung = vi.fn<() => void>()
    bell = restingBell(100, rung)
  })
  afterEach(() => void vi.useRealTimers())

  it('rings at once, and once after its rest for all that came meanwhile', () => {
    for (let count = 0; count < 50; count += 1) bell.ring()
    expect(rung).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(99)
    expect(rung).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1)
    expect(rung).toHaveBeenCalledTimes(2)
  })

  it('rests after each ring, and is silent when nobody asks', () => {
    bell.ring()
    vi.advanceTimersByTime(50)
    bell.ring()
    vi.advanceTimersByTime(60)
    bell.ring()
    expect(rung).toHaveBeenCalledTimes(2)
    vi.advanceTimersByTime(10_000)
    expect(rung).toHaveBeenCalledTimes(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rings no more once it is stopped, and leaves no timer behind', () => {
    bell.ring()
    bell.ring()
    bell.stop()
    bell.ring()
    vi.advanceTimersByTime(1_000)
    expect(rung).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })
})
