import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryEventBus } from '../../../platform/event-bus/memory-event-bus.ts'
import { newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { LastSeenWriter, lastSeenLoader, readLastSeen } from './last-seen.ts'
import { PresenceBoard } from './presence-board.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
const at = (second: number) => new Date(Date.UTC(2026, 2, 1, 12, 0, second))

let chat: ChatFixture
beforeAll(async () => {
  chat = await openChatFixture()
})
afterAll(() => chat[Symbol.asyncDispose]())

/** Opens a writer, lets `work` record with it, and waits until everything is written. */
async function writing(work: (writer: LastSeenWriter) => void, fork = chat.fork): Promise<void> {
  await using writer = new LastSeenWriter({ fork, logger, retryEveryMs: 10 })
  work(writer)
}

const stored = async (userId: string) => (await readLastSeen(chat.fork(), [userId])).get(userId)

describe('when people were last here', () => {
  it('is written for all who leave together in one statement', async () => {
    const people = Array.from({ length: 300 }, newUuid)
    const statements = await chat.statementsOf(() =>
      writing((writer) => {
        for (const userId of people) writer.record(userId, at(1))
      }),
    )
    expect(statements).toHaveLength(1)
    expect((await readLastSeen(chat.fork(), people)).size).toBe(300)
  })

  it('never goes back', async () => {
    const userId = newUuid()
    await writing((writer) => writer.record(userId, at(5)))
    await writing((writer) => writer.record(userId, at(3)))
    expect(await stored(userId)).toEqual(at(5))
    await writing((writer) => writer.record(userId, at(7)))
    expect(await stored(userId)).toEqual(at(7))
  })

  it('is written once the database is there again', async () => {
    const userId = newUuid()
    let failures = 0
    let isAway = true
    const fork = () => {
      if (!isAway) return chat.fork()
      failures += 1
      throw new Error('no database')
    }
    await using writer = new LastSeenWriter({ fork, logger, retryEveryMs: 10 })
    writer.record(userId, at(1))
    await expect.poll(() => failures).toBeGreaterThan(1)
    isAway = false
    await expect.poll(() => stored(userId)).toEqual(at(1))
  })

  it('is read for many people in one statement; null for who never left', async () => {
    const [ada, grace] = [newUuid(), newUuid()]
    await writing((writer) => writer.record(ada, at(1)))
    const loader = lastSeenLoader(chat.fork())
    let seen: unknown
    const statements = await chat.statementsOf(async () => {
      seen = await Promise.all([loader.load(ada), loader.load(grace)])
    })
    expect(seen).toEqual([at(1), null])
    expect(statements).toHaveLength(1)
  })

  it('costs one statement for each departure, and none while people are here', async () => {
    let clock = at(0).getTime()
    const bus = new MemoryEventBus()
    const userId = newUuid()
    const now = () => new Date(clock)
    const statements = await chat.statementsOf(async () => {
      await using lastSeen = new LastSeenWriter({ fork: chat.fork, logger })
      await using board = new PresenceBoard({ bus, lastSeen, now, tickEveryMs: 5, snapshotEveryMs: 5 })
      const close = board.open(userId)
      const closeOther = board.open(userId)
      for (let minute = 0; minute < 10; minute += 1) {
        clock += 60_000
        board.touch(userId)
        await new Promise(setImmediate)
      }
      close()
      closeOther()
      clock += 3_000
      await expect.poll(() => stored(userId)).toEqual(new Date(clock - 3_000))
    })
    const writes = statements.filter((statement) => statement.includes('INSERT'))
    expect(writes).toHaveLength(1)
    expect(writes[0]).toContain('last_seen')
  })
})
