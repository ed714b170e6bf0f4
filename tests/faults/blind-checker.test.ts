import { describe, expect, it } from 'vitest'
import { check, checkJudged } from './checker.ts'
import type { History, HistoryEntry, StoredConversation } from './history.ts'

const [ADA, BOB] = ['usr_ada', 'usr_bob']
const ROOM = 'cnv_room'
const FAULT_MS = 4_000
const MINUTES_MS = 600_000

type Stream = 'events' | 'messages'
const begin = (person: string, stream: Stream): HistoryEntry => ({
  at: 0,
  kind: 'begin',
  follower: `${person}/${ROOM}/${stream}`,
  person,
  conversation: ROOM,
  stream,
  position: { epoch: stream === 'events' ? 'e' : '', seq: 0 },
})

/** Ten minutes of a fault after another with so much time from each heal to the next one. */
function faults(calmMs: number): HistoryEntry[] {
  const count = Math.floor(MINUTES_MS / (FAULT_MS + calmMs))
  return Array.from({ length: count }, (_, index) => 100 + index * (FAULT_MS + calmMs)).flatMap((at) => [
    { at, kind: 'fault', name: 'f' },
    { at: at + FAULT_MS, kind: 'heal', name: 'f' },
  ])
}

/** Bob's removals, after each of which he is out for so long, and no stream of his ever ends. */
function absences(absenceMs: number): { entries: HistoryEntry[]; events: StoredConversation['events'] } {
  const removals = Array.from({ length: 20 }, (_, index) => 5_000 + index * 28_000)
  const about = { person: BOB, conversation: ROOM }
  return {
    entries: removals.flatMap((at) => [
      { at, kind: 'removal', step: 'begun', ...about },
      { at: at + 20, kind: 'removal', step: 'done', ...about },
      { at: at + absenceMs, kind: 'return', step: 'begun', ...about },
      { at: at + absenceMs + 20, kind: 'return', step: 'done', ...about },
    ]),
    events: removals.flatMap((_, index) => [
      { seq: index * 2 + 1, content: `MemberRemoved ${BOB}`, messageId: null },
      { seq: index * 2 + 2, content: `MemberAdded ${BOB}`, messageId: null },
    ]),
  }
}

/** Ada's messages, of which her own stream is told when everything is over. */
const NUMBERS = Array.from({ length: 20 }, (_, index) => index + 1)
const about = (number: number) => ({ messageId: `msg_${number}`, number })
const lateMessages: HistoryEntry[] = NUMBERS.flatMap((number) => [
  { at: number * 28_000, kind: 'ack', person: ADA, conversation: ROOM, clientId: `c${number}`, ...about(number) },
  {
    at: MINUTES_MS + 5_000 + number,
    kind: 'event',
    follower: `${ADA}/${ROOM}/messages`,
    position: { epoch: '', seq: number },
    content: `${number} msg_${number}`,
    messageId: `msg_${number}`,
  },
])

function historyOf(entries: readonly HistoryEntry[], events: StoredConversation['events'], numbers: readonly number[]) {
  const end = { at: MINUTES_MS + 30_000, kind: 'note', text: 'the end' } as const
  const added = numbers.map((number) => ({
    seq: events.length + number,
    content: `MessageAdded msg_${number}`,
    messageId: `msg_${number}`,
  }))
  const stored: StoredConversation = {
    id: ROOM,
    epoch: 'e',
    head: events.length + numbers.length,
    floor: 0,
    messageCount: numbers.length,
    messages: numbers.map((number) => ({ number, id: `msg_${number}`, author: ADA, clientId: `c${number}` })),
    events: [...events, ...added],
  }
  const inOrder = [...entries, end].sort((a, b) => a.at - b.at)
  return { entries: inOrder, states: [], conversations: [stored] } satisfies History
}

describe('A checker that sees through ten minutes of faults', () => {
  it.each([1_200, 12_000])('finds messages that are told when all is over, with %i ms between faults', (calmMs) => {
    const history = historyOf([begin(ADA, 'messages'), ...faults(calmMs), ...lateMessages], [], NUMBERS)
    const late = check(history).breaches.filter(({ invariant }) => invariant === 'I1')
    expect(late.length).toBeGreaterThan(15)
  })

  it('finds streams that stay open, where a calm or an absence is long enough to tell', () => {
    const { entries, events } = absences(20_000)
    for (const calmMs of [1_200, 12_000]) {
      const { breaches, judgedEnds } = check(
        historyOf([begin(BOB, 'events'), ...faults(calmMs), ...entries], events, []),
      )
      expect(judgedEnds).toBe(breaches.length)
      expect(breaches.length > 10).toBe(calmMs === 12_000)
    }
  })

  it('calls a run good for nothing in which it could not judge what happened', () => {
    const { entries, events } = absences(3_000)
    const history = historyOf([begin(BOB, 'events'), ...faults(1_200), ...entries, ...lateMessages], events, NUMBERS)
    const unseen = { ...history, entries: history.entries.filter((entry) => entry.kind !== 'event') }
    const verdict = check(unseen)
    expect(verdict.judgedEnds).toBe(0)
    expect(checkJudged(unseen, verdict).map(({ invariant }) => invariant)).toContain('I5')
  })
})
