import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { readRing, ringOf } from './doorbell.ts'
import type { AppendedEvents, LoggedEvent } from './event-log.ts'

const epoch = newUuid()
const [messageId, userId] = [newUuid(), newUuid()]
const overTheBus = (payload: unknown) => JSON.parse(JSON.stringify(payload))

describe('a ring', () => {
  it('brings events of every kind as they are', () => {
    const events: LoggedEvent[] = [
      { seq: 7, kind: 'MessageAdded', messageId, number: 3 },
      { seq: 8, kind: 'ReplyFinished', messageId },
      { seq: 9, kind: 'MemberAdded', userId, role: 'ADMIN' },
      { seq: 10, kind: 'MemberRemoved', userId },
      { seq: 11, kind: 'ConversationDeleted' },
    ]
    expect(readRing(overTheBus(ringOf({ epoch, events })))).toEqual({ epoch, events, at: expect.any(Number) })
  })

  it('brings of very many events only the newest, and so always fits into a bus', () => {
    const appended = (count: number): AppendedEvents => ({
      epoch,
      events: Array.from({ length: count }, (_, index) => ({
        seq: 2_000_000_000 + index,
        kind: 'MessageAdded',
        messageId,
        number: 2_000_000_000 + index,
      })),
    })
    expect(ringOf(appended(200)).events).toHaveLength(200)
    expect(JSON.stringify(ringOf(appended(200))).length).toBeLessThan(32_000)
    expect(ringOf(appended(201)).events).toEqual(appended(201).events.slice(-1))
  })

  it('need not say when: a process of an earlier version does not, and who is wrong about it is heard all the same', () => {
    const events: LoggedEvent[] = [{ seq: 7, kind: 'ConversationUpdated' }]
    expect(readRing({ epoch, events })).toEqual({ epoch, events })
    expect(readRing({ epoch, events, at: 'now' })).toEqual({ epoch, events })
  })

  it.each([
    ['nothing', null],
    ['a text', 'events'],
    ['no events', { epoch, events: [] }],
    ['an epoch that is none', { epoch: 'now', events: [{ seq: 1, kind: 'ConversationUpdated' }] }],
    ['a message without its number', { epoch, events: [{ seq: 1, kind: 'MessageAdded', messageId }] }],
    ['an id that is none', { epoch, events: [{ seq: 1, kind: 'MemberRemoved', userId: 'ada' }] }],
    ['a place that is none', { epoch, events: [{ seq: 0, kind: 'ConversationUpdated' }] }],
    [
      'events that do not follow one another',
      { epoch, events: [3, 5].map((seq) => ({ seq, kind: 'ConversationUpdated' })) },
    ],
  ])('that brings %s is not read', (_, payload) => {
    expect(readRing(payload)).toBeUndefined()
  })
})
