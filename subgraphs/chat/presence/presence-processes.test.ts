import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryEventBus } from '../../../platform/event-bus/memory-event-bus.ts'
import { newUuid } from '../../../platform/ids.ts'
import { HostileBus } from '../../../tests/support/hostile-bus.ts'
import type { PresenceBoard } from './presence-board.ts'
import {
  BreakableLine,
  delivery,
  MINUTE,
  PresenceProcesses,
  pass,
  processesOfEachTest,
  SECOND,
  statusesTold,
} from './testing/presence-processes.ts'

const ada = newUuid()
const grace = newUuid()

const { startProcess, statuses: statusesOf, current } = processesOfEachTest()
const statusIn = (board: PresenceBoard, userId = ada) => board.of(userId).status
const statuses = (userId = ada) => statusesOf(userId)
const follow = (board: PresenceBoard, userId = ada) => statusesTold(board, userId)

describe('a person in several processes', () => {
  it('appears at once in all of them, and is here until their last tab anywhere closes', async () => {
    const [one, other] = [startProcess(), startProcess()]
    const told = follow(other)
    const closeOne = one.open(ada)
    await delivery()
    expect(statuses()).toEqual(['ONLINE', 'ONLINE'])

    const closeOther = other.open(ada)
    await delivery()
    closeOne()
    await pass(MINUTE)
    expect(statuses()).toEqual(['ONLINE', 'ONLINE'])
    closeOther()
    const leftAt = Date.now()
    await pass(4 * SECOND)
    expect(statuses()).toEqual(['OFFLINE', 'OFFLINE'])
    expect(told).toEqual(['ONLINE', 'OFFLINE'])
    expect(current().recorded).toEqual([[ada, leftAt]])
  })

  it('is recorded once when their tabs in two processes close at the same moment', async () => {
    const [one, other] = [startProcess(), startProcess()]
    const [closeOne, closeOther] = [one.open(ada), other.open(ada)]
    await delivery()
    closeOne()
    closeOther()
    await pass(10 * SECOND)

    expect(statuses()).toEqual(['OFFLINE', 'OFFLINE'])
    expect(current().recorded).toHaveLength(1)
  })

  it('stays ONLINE by what they do in another process than the one that has their stream', async () => {
    const [one, other] = [startProcess(), startProcess()]
    one.open(ada)
    await delivery()
    const told = follow(one)
    for (let minute = 0; minute < 12; minute += 1) {
      await pass(MINUTE - SECOND)
      other.touch(ada)
      await pass(SECOND)
    }
    await pass(2 * SECOND)
    other.touch(ada)
    // Just in time, and long before the next time that everything is told.
    await pass(5 * MINUTE - SECOND)
    other.touch(ada)
    await pass(5 * SECOND)
    expect(told).toEqual([])

    await pass(5 * MINUTE)
    expect(statuses()).toEqual(['AWAY', 'AWAY'])
    other.touch(ada)
    await delivery()
    expect(statuses()).toEqual(['ONLINE', 'ONLINE'])
    expect(told).toEqual(['AWAY', 'ONLINE'])
  })

  it('stays ONLINE in all of them when another tab opens just before they would be AWAY', async () => {
    const [one] = [startProcess(), startProcess()]
    // Between two of the times at which everything is told.
    await pass(5 * SECOND)
    one.open(ada)
    await pass(5 * MINUTE - 10)
    one.open(ada)
    await pass(SECOND)
    expect(statuses()).toEqual(['ONLINE', 'ONLINE'])
  })

  it('is known at once to a process that has just started', async () => {
    const one = startProcess()
    one.open(ada)
    one.open(grace)
    await pass(6 * MINUTE)
    one.touch(grace)
    await pass(SECOND)

    const late = startProcess()
    expect(statusIn(late)).toBe('OFFLINE')
    await delivery()
    expect(late.of(ada)).toEqual(one.of(ada))
    expect([statusIn(late), statusIn(late, grace)]).toEqual(['AWAY', 'ONLINE'])
  })

  it('is gone thirty seconds after their process died without a word, which one of the others records', async () => {
    const line = new BreakableLine(current().bus)
    const dying = startProcess(line)
    const [one, other] = [startProcess(), startProcess()]
    await delivery()
    dying.open(ada)
    await pass(12 * SECOND)
    const lastHeard = Date.now()
    line.isCut = true
    await pass(26 * SECOND)
    expect([statusIn(one), statusIn(other)]).toEqual(['ONLINE', 'ONLINE'])

    await pass(5 * SECOND)
    expect([statusIn(one), statusIn(other)]).toEqual(['OFFLINE', 'OFFLINE'])
    expect(current().recorded).toHaveLength(1)
    expect(current().recorded[0]?.[1]).toBeLessThanOrEqual(lastHeard)
    expect(current().recorded[0]?.[1]).toBeGreaterThan(lastHeard - 10 * SECOND)
  })

  it('is here again when their process was only cut off for a while', async () => {
    const line = new BreakableLine(current().bus)
    const [cutOff, other] = [startProcess(line), startProcess()]
    cutOff.open(ada)
    await delivery()
    line.isCut = true
    await pass(MINUTE)
    expect(statusIn(other)).toBe('OFFLINE')

    line.isCut = false
    await pass(10 * SECOND)
    expect(statusIn(other)).toBe('ONLINE')
  })

  it('is right within ten seconds when messages are lost', async () => {
    const line = new BreakableLine(current().bus)
    const [one, other] = [startProcess(line), startProcess()]
    const closeAda = one.open(ada)
    await delivery()
    line.isCut = true
    closeAda()
    one.open(grace)
    await delivery()
    expect([statusIn(other), statusIn(other, grace)]).toEqual(['ONLINE', 'OFFLINE'])

    line.isCut = false
    await pass(10 * SECOND)
    expect([statusIn(other), statusIn(other, grace)]).toEqual(['OFFLINE', 'ONLINE'])
    expect(current().recorded).toHaveLength(1)
  })

  it('is right over a bus that doubles and reorders messages', async () => {
    const disorderly = new HostileBus(new MemoryEventBus(), {
      seed: 1,
      lossRate: 0,
      doublingRate: 1,
      longestDelayMs: 5,
      sparedTopics: [],
    })
    const [one, other] = [startProcess(disorderly), startProcess(disorderly)]
    for (let round = 0; round < 20; round += 1) {
      const close = one.open(ada)
      await pass(0)
      close()
      await pass(0)
    }
    const close = one.open(ada)
    await pass(100)
    expect(statusIn(other)).toBe('ONLINE')
    close()
    await pass(4 * SECOND)
    expect(statusIn(other)).toBe('OFFLINE')
    expect(current().recorded).toHaveLength(1)
    await disorderly[Symbol.asyncDispose]()
  })
})

describe('whatever people do in three processes', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('open', 'close', 'touch'), where: fc.nat(2), who: fc.nat(1) }),
    fc.record({ do: fc.constant('wait'), ms: fc.nat(2 * MINUTE) }),
  )

  it('all agree on who is here, and a departure is recorded once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await using processes = new PresenceProcesses()
        for (let count = 0; count < 3; count += 1) processes.start()
        const people = [newUuid(), newUuid()]
        const streams = people.map((): (() => void)[][] => [[], [], []])
        const departures = people.map((userId) => {
          const told = processes.boards[0] && follow(processes.boards[0], userId)
          return () => told?.filter((status) => status === 'OFFLINE').length
        })
        await delivery()
        for (const each of steps) {
          if ('ms' in each) await pass(each.ms)
          else if (each.do === 'open')
            streams[each.who]?.[each.where]?.push(at(processes.boards, each.where).open(at(people, each.who)))
          else if (each.do === 'close') streams[each.who]?.[each.where]?.pop()?.()
          else at(processes.boards, each.where).touch(at(people, each.who))
          await delivery()
        }
        await pass(4 * SECOND)

        for (const [index, userId] of people.entries()) {
          const isHere = streams[index]?.some((open) => open.length > 0)
          const [first, ...others] = processes.statuses(userId)
          expect(others).toEqual([first, first])
          expect(first !== 'OFFLINE').toBe(isHere)
          expect(processes.recorded.filter(([id]) => id === userId)).toHaveLength(departures[index]?.() ?? -1)
        }
      }),
      { numRuns: 60 },
    )
  })
})

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new Error(`There is no item ${index}.`)
  return item
}
