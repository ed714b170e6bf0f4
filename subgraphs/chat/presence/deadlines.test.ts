import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Deadlines } from './deadlines.ts'

describe('deadlines', () => {
  it('are taken when they have come, at most a quarter of a second late, and only once', () => {
    const deadlines = new Deadlines()
    deadlines.set('a', 1_000)
    deadlines.set('b', 1_001)
    deadlines.set('never', Number.POSITIVE_INFINITY)

    expect(deadlines.takeDue(999)).toEqual([])
    expect(deadlines.takeDue(1_000)).toEqual(['a'])
    expect(deadlines.takeDue(1_251)).toEqual(['b'])
    expect(deadlines.takeDue(1e15)).toEqual([])
    expect(deadlines.size).toBe(0)
  })

  it('move forward, not back', () => {
    const deadlines = new Deadlines()
    deadlines.set('a', 5_000)
    deadlines.set('a', 1_000)
    deadlines.set('a', 9_000)
    expect(deadlines.takeDue(1_000)).toEqual(['a'])
    expect(deadlines.size).toBe(0)
  })

  it('hold for every key, whatever is set in which order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(10_000))), fc.nat(10_000), (sets, now) => {
        const deadlines = new Deadlines()
        for (const [key, dueAt] of sets) deadlines.set(key, dueAt)
        const earliest = (key: string) => Math.min(...sets.filter(([of]) => of === key).map(([, dueAt]) => dueAt))
        const due = deadlines.takeDue(now)
        for (const key of new Set(sets.map(([of]) => of))) {
          if (earliest(key) + 250 <= now) expect(due).toContain(key)
          if (earliest(key) > now) expect(due).not.toContain(key)
        }
      }),
    )
  })
})
