import { describe, expect, it } from 'vitest'
import { EventQueue } from './event-queue.ts'
import { LagBudget } from './lag-budget.ts'

const BOUNDS = { maxEvents: 1_000, maxCharacters: 1_000 }

/** Queues that share a budget of 100 characters, and the names of those that had to give up. */
function openQueues() {
  const budget = new LagBudget(100)
  const evicted: string[] = []
  const open = (name: string) => {
    const queue = new EventQueue<string>(BOUNDS, {
      budget,
      onEvicted: () => {
        evicted.push(name)
        queue.clear()
      },
    })
    return {
      push: (characters: number) => queue.push(name, characters),
      take: () => new Promise((resolve) => queue.take(resolve)),
      clear: () => queue.clear(),
    }
  }
  return { open, evicted, budget }
}

describe('what all subscribers together may lag behind', () => {
  it('is used up by the one who lags most, who has to give up', () => {
    const { open, evicted } = openQueues()
    const [small, large, late] = [open('small'), open('large'), open('late')]
    small.push(20)
    large.push(30)
    large.push(30)
    late.push(20)
    expect(evicted).toEqual([])
    late.push(5)
    expect(evicted).toEqual(['large'])
  })

  it('may be the one whose event is one too many', () => {
    const { open, evicted } = openQueues()
    const [small, large] = [open('small'), open('large')]
    small.push(40)
    large.push(61)
    expect(evicted).toEqual(['large'])
    small.push(60)
    expect(evicted).toEqual(['large'])
  })

  it('is given back by events that are taken and queues that are cleared', async () => {
    const { open, evicted, budget } = openQueues()
    const [taken, cleared, next] = [open('taken'), open('cleared'), open('next')]
    taken.push(50)
    cleared.push(50)
    await taken.take()
    cleared.clear()
    cleared.clear()
    expect(budget.characters).toBe(0)
    next.push(100)
    expect(evicted).toEqual([])
  })

  it('has no part in events that somebody waits for', () => {
    const { open, evicted, budget } = openQueues()
    const queue = open('waiting')
    void queue.take()
    queue.push(500)
    expect(budget.characters).toBe(0)
    expect(evicted).toEqual([])
  })
})
