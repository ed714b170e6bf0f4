import { describe, expect, test } from 'vitest'
import { VirtualTimers } from '../../gateway/testing/virtual-timers.ts'
import { PromptBus } from './buses.ts'
import { HostileBus, type Hostility } from './hostile-bus.ts'

const MESSAGES = 1_000

/**
 * What arrives of so many numbers that are published one after another, on each of these topics. Its clock and its bus
 * are its own and nothing is waited for, so that no pause of the machine and no other test can be seen in it.
 */
async function arrivals(hostility: Hostility, ...topics: string[]): Promise<number[][]> {
  const timers = new VirtualTimers()
  await using bus = new HostileBus(new PromptBus(), hostility, timers)
  const heard = topics.map((topic) => {
    const numbers: number[] = []
    bus.subscribe(topic, (payload) => numbers.push(Number(payload)))
    return numbers
  })
  for (let number = 0; number < MESSAGES; number += 1) {
    for (const topic of topics) bus.publish(topic, number)
    timers.advance(1)
  }
  timers.advance(100)
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
