import { describe, expect, it } from 'vitest'
import { check } from './checker.ts'
import type { History, HistoryEntry, NewEntry, StoredConversation } from './history.ts'

const [ADA, BOB] = ['usr_ada', 'usr_bob']
const ROOM = 'cnv_room'

const at = (ms: number, entry: NewEntry): HistoryEntry => ({ at: ms, ...entry }) as HistoryEntry
const place = (seq: number, epoch = 'e1') => ({ epoch, seq })
const eventsOf = (person: string) => `${person}/${ROOM}/events`
const messagesOf = (person: string) => `${person}/${ROOM}/messages`

const send = (ms: number, clientId: string, person = ADA) =>
  at(ms, { kind: 'send', person, conversation: ROOM, clientId })
const ack = (ms: number, number: number, clientId = `c${number}`, messageId = `msg_${number}`) =>
  at(ms, { kind: 'ack', person: ADA, conversation: ROOM, clientId, messageId, number })
const begin = (ms: number, person: string, seq = 0, epoch = 'e1') =>
  at(ms, {
    kind: 'begin',
    follower: eventsOf(person),
    person,
    conversation: ROOM,
    stream: 'events',
    position: place(seq, epoch),
  })
const event = (ms: number, person: string, seq: number, content: string, epoch = 'e1') =>
  at(ms, { kind: 'event', follower: eventsOf(person), position: place(seq, epoch), content })
const added = (ms: number, person: string, seq: number, number = seq) =>
  at(ms, {
    kind: 'event',
    follower: eventsOf(person),
    position: place(seq),
    content: `MessageAdded msg_${number}`,
    messageId: `msg_${number}`,
  })
const access = (ms: number, kind: 'removal' | 'return', step: 'begun' | 'done') =>
  at(ms, { kind, step, person: BOB, conversation: ROOM })
const fault = (from: number, to: number) => [
  at(from, { kind: 'fault', name: 'f' }),
  at(to, { kind: 'heal', name: 'f' }),
]

/** Three messages of Ada's, which are the whole log. */
const stored: StoredConversation = {
  id: ROOM,
  epoch: 'e1',
  head: 3,
  floor: 0,
  messageCount: 3,
  messages: [1, 2, 3].map((number) => ({ number, id: `msg_${number}`, author: ADA, clientId: `c${number}` })),
  events: [1, 2, 3].map((seq) => ({ seq, content: `MessageAdded msg_${seq}`, messageId: `msg_${seq}` })),
}

/** The same with a removal of Bob's between the first and the second message. */
const storedWithRemoval: StoredConversation = {
  ...stored,
  head: 4,
  events: [
    { seq: 1, content: 'MessageAdded msg_1', messageId: 'msg_1' },
    { seq: 2, content: `MemberRemoved ${BOB}`, messageId: null },
    { seq: 3, content: 'MessageAdded msg_2', messageId: 'msg_2' },
    { seq: 4, content: 'MessageAdded msg_3', messageId: 'msg_3' },
  ],
}

const acks = [ack(100, 1), ack(200, 2), ack(300, 3)]
const adaGetsAll = [begin(0, ADA), added(110, ADA, 1), added(210, ADA, 2), added(310, ADA, 3)]
const bobGetsAll = [begin(0, BOB), added(120, BOB, 1), added(220, BOB, 2), added(320, BOB, 3)]
const THE_END = at(60_000, { kind: 'note', text: 'the end' })

/** What the checker finds, with the history brought into order. */
function breachesOf(entries: readonly HistoryEntry[], rest: Partial<History> = {}): string[] {
  const inOrder = [...entries, THE_END].sort((a, b) => a.at - b.at)
  return check({ conversations: [stored], states: [], ...rest, entries: inOrder }).breaches.map(
    ({ invariant, what }) => `${invariant}: ${what}`,
  )
}

const without = (entries: readonly HistoryEntry[], index: number) => entries.filter((_, place) => place !== index)

describe('a run in which everything was delivered', () => {
  it('is found good, also after sends that were repeated, a fault, a reconnect and a read anew', () => {
    const entries = [
      send(90, 'c1'),
      ...acks,
      ...fault(150, 5_000),
      ...adaGetsAll,
      ...without(bobGetsAll, 3),
      at(230, { kind: 'reconnect', follower: eventsOf(BOB), why: 'closed' }),
      added(14_000, BOB, 3),
      at(14_001, { kind: 'caught-up', follower: eventsOf(BOB), position: place(3) }),
    ]
    expect(breachesOf(entries)).toEqual([])
  })
})

describe('I1', () => {
  it('is broken by an acknowledged message that the database does not have', () => {
    const found = breachesOf([...adaGetsAll, ...acks, ack(400, 4)])
    expect(found).toContain('I1: msg_4 was acknowledged as number 4 of cnv_room, where there is nothing')
  })

  it('is broken by an acknowledgement of another message than the one of that number', () => {
    const found = breachesOf([...adaGetsAll, ack(100, 1, 'c1', 'msg_other')])
    expect(found).toContain('I1: msg_other was acknowledged as number 1 of cnv_room, where there is msg_1')
  })

  it('is broken by a message that a watcher never gets', () => {
    const found = breachesOf([...acks, ...adaGetsAll, ...without(bobGetsAll, 3)])
    expect(found).toEqual([`I1: ${eventsOf(BOB)} got number 3 never`])
  })

  it('is broken by a message that is left out, though later ones come', () => {
    const found = breachesOf([...acks, ...adaGetsAll, ...without(bobGetsAll, 2)])
    expect(found).toContain(`I1: ${eventsOf(BOB)} got number 2 never`)
  })

  it('is broken by a message that comes later than ten seconds, counted from the heal of a fault', () => {
    const late = [...acks, ...adaGetsAll, ...without(bobGetsAll, 3), added(15_300, BOB, 3)]
    expect(breachesOf(late)).toEqual([`I1: ${eventsOf(BOB)} got number 3 5000 ms too late`])
    expect(breachesOf([...late, ...fault(250, 6_000)])).toEqual([])
    expect(breachesOf([...late, ...fault(250, 1_000), ...fault(10_500, 12_000)])).toEqual([])
    expect(breachesOf([...late, ...fault(250, 1_000), ...fault(11_500, 12_000)])).not.toEqual([])
  })

  it('excuses an app that was frozen, and nobody else', () => {
    const late = [...acks, ...adaGetsAll, ...without(bobGetsAll, 3), added(15_300, BOB, 3)]
    const frozen = (person: string) => [at(250, { kind: 'frozen', person }), at(8_000, { kind: 'thawed', person })]
    expect(breachesOf([...late, ...frozen(BOB)])).toEqual([])
    expect(breachesOf([...late, ...frozen(ADA)])).toHaveLength(1)
  })

  it('counts a message that a snapshot has, and asks nothing for who was not a member all the time', () => {
    const reread = [
      ...acks,
      ...adaGetsAll,
      ...bobGetsAll.slice(0, 2),
      at(500, { kind: 'reset', follower: eventsOf(BOB), after: place(1, 'e0'), head: place(3) }),
    ]
    expect(breachesOf([...reread, begin(600, BOB, 3)])).toEqual([])
    expect(breachesOf(reread)).toHaveLength(2)
    const away = [access(150, 'removal', 'begun'), access(160, 'removal', 'done')]
    const ended = at(170, { kind: 'end', follower: eventsOf(BOB), why: 'AccessRevoked' })
    expect(
      breachesOf([ack(100, 1), ...adaGetsAll.slice(0, 1), ...bobGetsAll.slice(0, 2), ...away, ended]).filter((found) =>
        found.includes(BOB),
      ),
    ).toEqual([])
  })

  it('judges a stream of messages by their numbers', () => {
    const follower = messagesOf(BOB)
    const from = { person: BOB, conversation: ROOM, stream: 'messages', position: place(1, '') } as const
    const entries = [
      ...acks,
      ...adaGetsAll,
      at(0, { kind: 'begin', follower, ...from }),
      at(210, { kind: 'event', follower, position: place(2, ''), content: '2 msg_2', messageId: 'msg_2' }),
    ]
    expect(breachesOf(entries)).toEqual([`I1: ${follower} got number 3 never`])
  })
})

describe('I2', () => {
  it('is broken by two messages of one sender and client id, and not by the same client id of two', () => {
    const twice = (author: string) =>
      stored.messages.map((message) => (message.number === 2 ? { ...message, author, clientId: 'c1' } : message))
    const found = (author: string) =>
      breachesOf(adaGetsAll, { conversations: [{ ...stored, messages: twice(author) }] })
    expect(found(ADA)).toEqual(['I2: cnv_room has numbers 1 and 2 for one client id c1 of usr_ada'])
    expect(found(BOB)).toEqual([])
  })

  it('is broken by an answer with another message than the first time', () => {
    expect(breachesOf([...adaGetsAll, ...acks, ack(350, 2)])).toEqual([])
    expect(breachesOf([...adaGetsAll, ...acks, ack(350, 3, 'c2')])).toContain(
      'I2: client id c2 of usr_ada was answered with msg_2 first and with msg_3 then',
    )
  })
})

describe('I3', () => {
  it('is broken by a number or an event that is missing in the database', () => {
    const lacking = { ...stored, messages: stored.messages.slice(1), events: stored.events.slice(0, 2) }
    expect(breachesOf([], { conversations: [lacking] })).toEqual([
      'I3: cnv_room counts 3 messages and has 2 from 2 to 3',
      'I3: cnv_room has msg_3 without the event that added it',
      'I3: cnv_room has the events 2 from 1 to 2 of 1 to 3',
    ])
  })

  it('expects no events that were pruned', () => {
    const pruned = { ...stored, floor: 2, events: stored.events.slice(2) }
    expect(breachesOf(adaGetsAll, { conversations: [pruned] })).toEqual([])
  })

  it('is broken by an event that is skipped', () => {
    expect(breachesOf(without(adaGetsAll, 2))).toEqual([`I3: ${eventsOf(ADA)} was told 3 after 1`])
  })

  it('is broken by an event that is applied twice', () => {
    expect(breachesOf([...adaGetsAll, added(320, ADA, 3)])).toEqual([`I3: ${eventsOf(ADA)} was told 3 after 3`])
  })

  it('is broken by two events in the wrong order', () => {
    const found = breachesOf([begin(0, ADA), added(110, ADA, 2), added(120, ADA, 1), added(130, ADA, 2)])
    expect(found).toEqual([`I3: ${eventsOf(ADA)} was told 2 after 0`, `I3: ${eventsOf(ADA)} was told 1 after 2`])
  })

  it('is broken by a CaughtUp that tells of more than was delivered', () => {
    const caughtUp = at(400, { kind: 'caught-up', follower: eventsOf(ADA), position: place(3) })
    expect(breachesOf([...adaGetsAll, caughtUp])).toEqual([])
    expect(breachesOf([...adaGetsAll.slice(0, 3), caughtUp])).toEqual([
      `I3: ${eventsOf(ADA)} was told that it has everything up to 3 when it had 2`,
    ])
  })

  it('is broken by an event that is not what the log has at its place', () => {
    expect(breachesOf([begin(0, ADA), added(110, ADA, 1, 2)])).toEqual([
      `I3: ${eventsOf(ADA)} was told "MessageAdded msg_2" at 1, where the log has "MessageAdded msg_1"`,
    ])
  })
})

describe('I4', () => {
  it('is broken by a client that shows something else than a new snapshot', () => {
    const state = (body: string) => ({
      follower: eventsOf(ADA),
      fromEvents: { messages: [{ number: 1, body: 'Hello' }] },
      readAnew: { messages: [{ number: 1, body }] },
    })
    expect(breachesOf(adaGetsAll, { states: [state('Hello')] })).toEqual([])
    expect(breachesOf(adaGetsAll, { states: [state('Edited')] })).toEqual([
      `I4: ${eventsOf(ADA)} shows "Hello" at /messages/0/body, where a new snapshot has "Edited"`,
    ])
  })
})

describe('I5', () => {
  const conversations = [storedWithRemoval]
  const removal = [access(130, 'removal', 'begun'), access(140, 'removal', 'done')]
  const told = [begin(0, BOB), added(120, BOB, 1), event(141, BOB, 2, `MemberRemoved ${BOB}`)]
  const end = (ms: number) => at(ms, { kind: 'end', follower: eventsOf(BOB), why: 'AccessRevoked' })

  it('holds when the stream ends with the removal, or when its client finds out by itself', () => {
    expect(breachesOf([...removal, ...told, end(150)], { conversations })).toEqual([])
    expect(breachesOf([...removal, ...told.slice(0, 2), end(5_000)], { conversations })).toEqual([])
  })

  it('is broken by a stream that is open for more than five seconds, counted from the heal of a fault', () => {
    const late = [...removal, ...told, end(5_200)]
    expect(breachesOf(late, { conversations })).toEqual([
      `I5: ${eventsOf(BOB)} was still open 5000 ms after the removal`,
    ])
    expect(breachesOf([...late, ...fault(100, 1_000)], { conversations })).toEqual([])
  })

  it('is broken by anything that was said after the removal, however soon it comes', () => {
    const leaked = [...removal, ...told, added(142, BOB, 3, 2), end(150)]
    expect(breachesOf(leaked, { conversations })).toEqual([
      `I5: ${eventsOf(BOB)} was told "MessageAdded msg_2" at 3 after the removal at 2`,
    ])
  })

  it('is broken by a message after the removal in a stream of messages alone', () => {
    const follower = messagesOf(BOB)
    const from = { person: BOB, conversation: ROOM, stream: 'messages', position: place(0, '') } as const
    const entries = [
      ...removal,
      at(0, { kind: 'begin', follower, ...from }),
      at(120, { kind: 'event', follower, position: place(1, ''), content: '1 msg_1' }),
      at(142, { kind: 'event', follower, position: place(2, ''), content: '2 msg_2' }),
      at(150, { kind: 'end', follower, why: 'NOT_FOUND' }),
    ]
    expect(breachesOf(entries, { conversations })).toEqual([
      `I5: ${follower} was told "2 msg_2" at 2 after the removal at 1`,
    ])
  })

  it('is broken by a text that was written after the removal, though the event is older', () => {
    const edit = (ms: number) => at(ms, { kind: 'edit', person: ADA, messageId: 'msg_1', digest: 'new' })
    const old = at(142, { ...added(142, BOB, 1), bodyDigest: 'new' } as NewEntry)
    const entries = (editedAt: number) => [...removal, begin(0, BOB), edit(editedAt), { ...old, at: 145 }, end(150)]
    expect(breachesOf(entries(110), { conversations })).toEqual([])
    expect(breachesOf(entries(141), { conversations })).toEqual([
      `I5: ${eventsOf(BOB)} was told "MessageAdded msg_1" with a text that was written after the removal`,
    ])
  })

  it('is judged by the removal that the history tells of, though a late request removed somebody once more', () => {
    const people = ['MemberRemoved', 'MemberAdded', 'MemberRemoved', 'MemberAdded'].map((kind, index) => ({
      seq: index + 1,
      content: `${kind} ${BOB}`,
      messageId: null,
    }))
    const log = { ...stored, head: 4, events: people, messages: [], messageCount: 0 }
    const entries = [
      begin(0, ADA),
      begin(0, BOB),
      ...removal,
      event(135, ADA, 1, `MemberRemoved ${BOB}`),
      end(150),
      access(200, 'return', 'begun'),
      access(210, 'return', 'done'),
      event(211, ADA, 2, `MemberAdded ${BOB}`),
      begin(220, BOB, 2),
      event(300, ADA, 3, `MemberRemoved ${BOB}`),
      event(305, BOB, 3, `MemberRemoved ${BOB}`),
      access(400, 'removal', 'begun'),
      access(410, 'removal', 'done'),
      access(500, 'return', 'begun'),
      access(510, 'return', 'done'),
      event(511, ADA, 4, `MemberAdded ${BOB}`),
    ]
    expect(breachesOf([...entries, end(420)], { conversations: [log] })).toEqual([])
    expect(
      breachesOf([...entries, event(420, BOB, 4, `MemberAdded ${BOB}`), end(430)], { conversations: [log] }),
    ).toEqual([`I5: ${eventsOf(BOB)} was told "MemberAdded ${BOB}" at 4 after the removal at 3`])
  })

  it('lets who is back read what was said while they were away', () => {
    const back = [access(300, 'return', 'begun'), access(310, 'return', 'done')]
    const entries = [...removal, ...told, ...back, added(320, BOB, 3, 2), added(321, BOB, 4, 3)]
    expect(breachesOf(entries, { conversations })).toEqual([])
  })
})

describe('I6', () => {
  const reset = (after: number, head: number, epoch = 'e1') =>
    at(400, { kind: 'reset', follower: eventsOf(ADA), after: place(after, epoch), head: place(head) })

  it('lets a stream be reset in another epoch, behind the floor and far behind the head', () => {
    expect(breachesOf([...adaGetsAll, reset(3, 3, 'e0')])).toEqual([])
    expect(breachesOf([...adaGetsAll, reset(3, 1_004)])).toEqual([])
    const pruned = { ...stored, floor: 2, events: stored.events.slice(2) }
    expect(breachesOf([...adaGetsAll, reset(1, 3)], { conversations: [pruned] })).toEqual([])
  })

  it('is broken by any other reset', () => {
    expect(breachesOf([...adaGetsAll, reset(1, 3)])).toEqual([`I6: ${eventsOf(ADA)} was reset at 1, 3 being the head`])
  })
})

describe('I8', () => {
  it('is broken by a process that ends otherwise than it was told to', () => {
    const crash = at(10, { kind: 'crash', process: 'chat-1', how: 'by itself: exit code 1' })
    expect(breachesOf([crash])).toEqual(['I8: chat-1 ended by itself: exit code 1'])
  })
})
