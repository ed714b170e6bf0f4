import { describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { SilentBus } from '../../../tests/support/buses.ts'
import type { PresenceBoard } from './presence-board.ts'
import { delivery, MINUTE, pass, processesOfEachTest, SECOND, statusesTold } from './testing/presence-processes.ts'

const ada = newUuid()
const grace = newUuid()

const { startProcess, statuses: statusesOf, current } = processesOfEachTest()
const statusIn = (board: PresenceBoard, userId = ada) => board.of(userId).status
const statuses = (userId = ada) => statusesOf(userId)
const follow = (board: PresenceBoard, userId = ada) => statusesTold(board, userId)

describe('a person in one process', () => {
  it('is here as long as one of their tabs is, and for three seconds after the last', async () => {
    const board = startProcess()
    const told = follow(board)
    const [closeOne, closeOther] = [board.open(ada), board.open(ada)]
    closeOne()
    await pass(MINUTE)
    expect(statuses()).toEqual(['ONLINE'])

    closeOther()
    await pass(2_999)
    expect(statuses()).toEqual(['ONLINE'])
    await pass(1)
    expect(statuses()).toEqual(['OFFLINE'])
    await pass(SECOND)
    expect(told).toEqual(['ONLINE', 'OFFLINE'])
  })

  it('does not flicker when a page reloads', async () => {
    const board = startProcess()
    const close = board.open(ada)
    const told = follow(board)
    close()
    await pass(2 * SECOND)
    board.open(ada)
    await pass(MINUTE)

    expect(told).toEqual([])
    expect(current().recorded).toEqual([])
  })

  it('is AWAY after five minutes without doing anything, and ONLINE again when they do', async () => {
    const board = startProcess()
    const told = follow(board)
    board.open(ada)
    const openedAt = Date.now()
    await pass(5 * MINUTE - 1)
    expect(board.of(ada)).toEqual({ status: 'ONLINE', lastSeenAt: new Date() })
    await pass(SECOND)
    expect(board.of(ada)).toEqual({ status: 'AWAY', lastSeenAt: new Date(openedAt) })

    board.touch(ada)
    expect(board.of(ada)).toEqual({ status: 'ONLINE', lastSeenAt: new Date() })
    expect(told).toEqual(['ONLINE', 'AWAY', 'ONLINE'])
  })

  it('is OFFLINE without a stream, whatever they do', async () => {
    const board = startProcess()
    board.touch(ada)
    expect(board.of(ada)).toEqual({ status: 'OFFLINE', lastSeenAt: undefined })
  })

  it('was last here when they left, or when they last did something if they were AWAY', async () => {
    const board = startProcess()
    const [closeAda, closeGrace] = [board.open(ada), board.open(grace)]
    const openedAt = Date.now()
    await pass(4 * MINUTE)
    closeAda()
    const leftAt = Date.now()
    await pass(2 * MINUTE)
    closeGrace()
    await pass(4 * SECOND)

    expect(board.of(ada)).toEqual({ status: 'OFFLINE', lastSeenAt: new Date(leftAt) })
    expect(board.of(grace)).toEqual({ status: 'OFFLINE', lastSeenAt: new Date(openedAt) })
    expect(current().recorded).toEqual([
      [ada, leftAt],
      [grace, openedAt],
    ])
  })

  it('is forgotten when they left long ago', async () => {
    const board = startProcess()
    const other = startProcess()
    board.open(ada)()
    board.touch(grace)
    await delivery()
    expect([board.size, other.size]).toEqual([2, 2])

    await pass(6 * MINUTE)
    expect([board.size, other.size]).toEqual([0, 0])
    expect(board.of(ada)).toEqual({ status: 'OFFLINE', lastSeenAt: undefined })
  })

  it('is right over a bus that delivers nothing', async () => {
    const board = startProcess(new SilentBus())
    const close = board.open(ada)
    await pass(MINUTE)
    expect(statuses()).toEqual(['ONLINE'])
    close()
    await pass(4 * SECOND)
    expect(statuses()).toEqual(['OFFLINE'])
    expect(current().recorded).toHaveLength(1)
  })
})

describe('a process that stops', () => {
  it('says so: its people are OFFLINE after the grace, and it has recorded them', async () => {
    const [stopping, other] = [startProcess(), startProcess()]
    stopping.open(ada)
    await delivery()
    await pass(MINUTE)
    const stoppedAt = Date.now()
    await stopping[Symbol.asyncDispose]()
    expect(current().recorded).toEqual([[ada, stoppedAt]])
    await delivery()
    expect(statusIn(other)).toBe('ONLINE')

    await pass(4 * SECOND)
    expect(other.of(ada)).toEqual({ status: 'OFFLINE', lastSeenAt: new Date(stoppedAt) })
    expect(current().recorded).toHaveLength(1)
  })

  it('lets its people go on elsewhere without a flicker', async () => {
    const [stopping, other] = [startProcess(), startProcess()]
    const close = stopping.open(ada)
    await delivery()
    const told = follow(other)
    await stopping[Symbol.asyncDispose]()
    close()
    await pass(SECOND)
    other.open(ada)
    await pass(MINUTE)

    expect(told).toEqual([])
    expect(statusIn(other)).toBe('ONLINE')
  })
})

describe('what processes tell each other', () => {
  it('comes in messages of at most 500 people, however many come at once', async () => {
    const sizes: number[] = []
    current().bus.subscribe('presence', (payload) => {
      const { people } = payload as { people?: unknown[] }
      if (people) sizes.push(people.length)
    })
    const [one, other] = [startProcess(), startProcess()]
    await delivery()
    sizes.length = 0
    const people = Array.from({ length: 1_100 }, newUuid)
    for (const userId of people) one.open(userId)
    await delivery()

    expect(sizes).toEqual([500, 500, 100])
    expect(people.filter((userId) => statusIn(other, userId) !== 'ONLINE')).toEqual([])
  })

  it('is not told again for everything that somebody does', async () => {
    const board = startProcess()
    board.open(ada)
    await delivery()
    const published = vi.spyOn(current().bus, 'publish')
    for (let count = 0; count < 100; count += 1) {
      board.touch(ada)
      board.open(ada)()
    }
    await delivery()
    expect(published).not.toHaveBeenCalled()
  })

  it('is ignored when it comes later than what was said after it', async () => {
    const board = startProcess()
    const from = newUuid()
    const says = (version: number, isOpen: boolean) =>
      current().bus.publish('presence', { kind: 'people', from, version, people: [[ada, isOpen, Date.now(), 1]] })
    says(1, true)
    says(3, false)
    says(2, true)
    await delivery()
    expect(statusIn(board)).toBe('OFFLINE')
    says(4, true)
    await delivery()
    expect(statusIn(board)).toBe('ONLINE')
  })

  const from = newUuid()
  const person = [newUuid(), true, 1, 0]
  it.each([
    ['nothing', null],
    ['a text', 'people'],
    ['an unknown kind', { kind: 'gossip', from }],
    ['no sender', { kind: 'people', version: 1, people: [person] }],
    ['a person without an id', { kind: 'people', from, version: 1, people: [['ada', true, 1, 0]] }],
    ['a moment that is none', { kind: 'people', from, version: 1, people: [[newUuid(), true, -1, 0]] }],
    ['too many people', { kind: 'people', from, version: 1, people: Array(501).fill(person) }],
  ])('is ignored when it is malformed: %s', async (_, payload) => {
    const board = startProcess()
    current().bus.publish('presence', payload)
    await delivery()
    expect(board.size).toBe(0)
  })
})
