import { describe, expect, it } from 'vitest'
import { ReopeningGate, spreadMs } from './reopening.ts'

describe('the gate of streams that are opened again', () => {
  it('lets 500 pass, and then one for each that leaves, in the order they came', () => {
    const gate = new ReopeningGate()
    const begun: number[] = []
    const leave = Array.from({ length: 1_200 }, (_, index) => gate.enter(() => begun.push(index)))
    expect(begun).toHaveLength(500)
    leave[7]?.()
    leave[7]?.()
    expect(begun.slice(500)).toEqual([500])
    // Gives up its place in the line.
    leave[501]?.()
    leave[8]?.()
    expect(begun.slice(500)).toEqual([500, 502])
    for (const it of leave) it()
    expect(begun).not.toContain(501)
    gate.enter(() => begun.push(1_200))
    expect(begun.at(-1)).toBe(1_200)
  })

  it('lets streams leave while they begin', () => {
    const gate = new ReopeningGate()
    let begun = 0
    for (let count = 0; count < 2_000; count += 1) {
      gate.enter((leave) => {
        begun += 1
        leave()
      })
    }
    expect(begun).toBe(2_000)
  })
})

describe('the time over which streams come back', () => {
  it.each([
    [1, 250],
    [2_000, 250],
    [5_000, 500],
    [10_000, 1_000],
    [1_000_000, 1_000],
  ])('is for %i of them %i ms', (together, milliseconds) => {
    expect(spreadMs(together)).toBe(milliseconds)
  })
})
