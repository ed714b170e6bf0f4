import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MemoryEventBus } from '../../platform/event-bus/memory-event-bus.ts'
import { HostileBus, type Hostility } from './hostile-bus.ts'

const MESSAGES = 1_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** What arrives of so many numbers that are published one after another, on each of these topics. */
async function arrivals(hostility: Hostility, ...topics: string[]): Promise<number[][]> {
  await using bus = new HostileBus(new MemoryEventBus(), hostility)
  const heard = topics.map((topic) => {
    const numbers: number[] = []
    bus.subscribe(topic, (payload) => numbers.push(Number(payload)))
    return numbers
  })
  for (let number = 0; number < MESSAGES; number += 1) {
    for (const topic of topics) bus.publish(topic, number)
    await vi.advanceTimersByTimeAsync(1)
  }
  await vi.advanceTimersByTimeAsync(100)
  return heard
}

const sorted = (numbers: readonly number[]) => numbers.toSorted((one, other) => one - other)
const inOrder = Array.from({ length: MESSAGES }, (_, number) => number)

describe('A hostile bus', () => {
  test('loses a fifth, doubles a tenth of the rest, and reorders', async () => {
    const [heard = []] = await arrivals({ seed: 7 }, 'conversation/one')
    const different = new Set(heard)
    expect(different.size / MESSAGES).toBeGreaterThan(0.75)
    expect(different.size / MESSAGES).toBeLessThan(0.85)
    expect(heard.length / different.size).toBeGreaterThan(1.07)
    expect(heard.length / different.size).toBeLessThan(1.13)
    expect(heard).not.toEqual(sorted(heard))
  })

  test('does the same with the same seed, and something else with another', async () => {
    const [first, again, other] = [
      await arrivals({ seed: 7 }, 'conversation/one'),
      await arrivals({ seed: 7 }, 'conversation/one'),
      await arrivals({ seed: 8 }, 'conversation/one'),
    ]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  test('only delays what is said over the bus alone', async () => {
    const topics = ['signals/one', 'presence', 'membership-ends/one']
    expect(await arrivals({ seed: 7 }, ...topics)).toEqual([inOrder, inOrder, inOrder])
  })

  test('spares nothing when told so, and leaves alone what it is told to', async () => {
    const [lost] = await arrivals({ seed: 7, lossRate: 1, sparedTopics: [] }, 'presence')
    const [doubled = []] = await arrivals({ seed: 7, lossRate: 0, doublingRate: 1 }, 'inbox/one')
    const [untouched] = await arrivals({ seed: 7, lossRate: 0, doublingRate: 0, longestDelayMs: 0 }, 'inbox/one')
    expect(lost).toEqual([])
    expect(sorted(doubled)).toEqual(inOrder.flatMap((number) => [number, number]))
    expect(untouched).toEqual(inOrder)
  })
})
