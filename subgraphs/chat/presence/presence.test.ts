import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MemoryEventBus } from '../../../platform/event-bus/memory-event-bus.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import type { PullStream } from '../event-log/pull-stream.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { PresenceBoard } from './presence-board.ts'
import { followPresence, type PresenceItem, presenceOf, readPeople } from './presence-stream.ts'

const START = Date.UTC(2026, 2, 1, 12)
let chat: ChatFixture
beforeAll(async () => {
  chat = await openChatFixture()
})
afterAll(() => chat[Symbol.asyncDispose]())

async function wasSeen(userId: string, seenAt: Date): Promise<void> {
  await chat.fork().execute('INSERT INTO chat.last_seen VALUES (?, ?)', [userId, seenAt])
}

describe('User.presence', () => {
  const PRESENCE = `query Presence($people: [_Any!]!) {
    _entities(representations: $people) { ... on User { id presence { status lastSeenAt } } }
  }`
  const references = (ids: string[]) => ids.map((id) => ({ __typename: 'User', id: encodeId('usr', id) }))

  it('says who is here and when the others were, for many people in one statement', async () => {
    const [here, gone, unknown] = [newUuid(), newUuid(), newUuid()]
    const close = chat.services.presence.open(here)
    await wasSeen(gone, new Date(START))
    const crowd = Array.from({ length: 50 }, newUuid)
    let answer: unknown
    const statements = await chat.statementsOf(async () => {
      const people = references([here, gone, unknown, ...crowd])
      answer = await chat.run(chat.viewerId, PRESENCE, { people })
    })
    close()

    expect(statements).toHaveLength(1)
    expect(answer).toMatchObject({ errors: undefined })
    const { data } = answer as { data: { _entities: { id: string; presence: unknown }[] } }
    expect(data._entities.slice(0, 3)).toEqual([
      {
        id: encodeId('usr', here),
        presence: { status: 'ONLINE', lastSeenAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/) },
      },
      { id: encodeId('usr', gone), presence: { status: 'OFFLINE', lastSeenAt: '2026-03-01T12:00:00.000Z' } },
      { id: encodeId('usr', unknown), presence: { status: 'OFFLINE', lastSeenAt: null } },
    ])
  })

  it.each(['ada', encodeId('cnv', newUuid()), ''])('is refused for %j, which is no user’s id', async (id) => {
    const { errors } = await chat.run(chat.viewerId, PRESENCE, { people: [{ __typename: 'User', id }] })
    expect(errors?.map(({ originalError }) => originalError)).toEqual([
      expect.objectContaining({ code: 'BAD_USER_INPUT' }),
    ])
  })
})

describe('the people whose presence is asked for', () => {
  it('are 1 to 100 ids, and count once each', () => {
    const people = Array.from({ length: 100 }, newUuid)
    const ids = people.map((userId) => encodeId('usr', userId))
    const [first = '', ...others] = ids
    expect(readPeople(ids)).toEqual(people)
    expect(readPeople([first, first])).toEqual(people.slice(0, 1))
    for (const refused of [[], [first, first, ...others], [first, 'ada'], [encodeId('cnv', newUuid())]]) {
      expect(() => readPeople(refused)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }))
    }
  })
})

describe('the stream of presence', () => {
  let clock: number
  let bus: MemoryEventBus
  let board: PresenceBoard
  let streams: PullStream<PresenceItem>[]
  beforeEach(() => {
    clock = START
    bus = new MemoryEventBus()
    const lastSeen = { record: () => undefined }
    board = new PresenceBoard({ bus, lastSeen, now: () => new Date(clock), tickEveryMs: 5 })
    streams = []
  })
  afterEach(async () => {
    for (const stream of streams) await stream.return()
    await board[Symbol.asyncDispose]()
    await bus[Symbol.asyncDispose]()
  })

  function follow(...userIds: string[]): PullStream<PresenceItem> {
    const stream = followPresence({ fork: chat.fork, board, userIds })
    streams.push(stream)
    return stream
  }

  async function take(stream: PullStream<PresenceItem>, count: number) {
    const taken: [userId: string, status: string, lastSeenAt: number | undefined][] = []
    for (let index = 0; index < count; index += 1) {
      const { value } = await stream.next()
      if (!value) break
      const { status, lastSeenAt } = presenceOf(board, value)
      taken.push([value.userId, status, lastSeenAt?.getTime()])
    }
    return taken
  }

  it('begins with everybody as they are, read in one statement, then tells changes', async () => {
    const [here, gone, unknown] = [newUuid(), newUuid(), newUuid()]
    board.open(here)
    await wasSeen(gone, new Date(START - 1_000))
    const stream = follow(here, gone, unknown)
    let first: unknown
    const statements = await chat.statementsOf(async () => {
      first = await take(stream, 3)
    })
    expect(statements).toHaveLength(1)
    expect(first).toEqual([
      [here, 'ONLINE', START],
      [gone, 'OFFLINE', START - 1_000],
      [unknown, 'OFFLINE', undefined],
    ])

    const next = take(stream, 1)
    board.open(unknown)
    expect(await next).toEqual([[unknown, 'ONLINE', START]])
    clock += 5 * 60_000
    expect((await take(stream, 2)).toSorted()).toEqual(
      [here, unknown].map((userId) => [userId, 'AWAY', START]).toSorted(),
    )
  })

  it('tells the latest of many changes when its reader was busy', async () => {
    const [ada, grace] = [newUuid(), newUuid()]
    const stream = follow(ada, grace)
    await take(stream, 2)
    for (let round = 0; round < 20; round += 1) {
      const close = board.open(ada)
      close()
      clock += 3_000
      expect(board.of(ada).status).toBe('OFFLINE')
    }
    board.open(grace)

    expect(await take(stream, 2)).toEqual([
      [ada, 'OFFLINE', clock - 3_000],
      [grace, 'ONLINE', clock],
    ])
  })

  it('tells nothing of people who were not asked for', async () => {
    const [ada, other] = [newUuid(), newUuid()]
    const stream = follow(ada)
    await take(stream, 1)
    board.open(other)
    board.open(ada)
    expect(await take(stream, 1)).toEqual([[ada, 'ONLINE', START]])
  })

  it('ends when it is closed, also while it waits', async () => {
    const stream = follow(newUuid())
    await take(stream, 1)
    const waiting = stream.next()
    await stream.return()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })
})
