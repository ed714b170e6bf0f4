import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { createLogger } from './logging.ts'
import { MemoryEventBus } from './memory-event-bus.ts'
import { RevocationList, type RevocationPage, type RevocationPosition, SESSION_ENDED } from './revocation-list.ts'

const LIFE_MS = 600_000
const NEVER_MS = 2 ** 30
const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

/** Auth's list as a test fills it, in pages of two. */
class EndedSessions {
  readonly questions: RevocationPosition[] = []
  readonly #ended: { sessionId: string; at: number }[] = []
  isAway = false

  end(at: number, sessionId: string = randomUUID()): { sessionId: string } {
    this.#ended.push({ sessionId, at })
    this.#ended.sort((a, b) => a.at - b.at || (a.sessionId < b.sessionId ? -1 : 1))
    return { sessionId }
  }

  readonly readPage = async (after: RevocationPosition): Promise<RevocationPage> => {
    this.questions.push(after)
    if (this.isAway) throw new Error('auth is away')
    const from = Date.parse(after.revokedAt)
    const rest = this.#ended.filter(({ at, sessionId }) => at > from || (at === from && sessionId > after.sessionId))
    const revocations = rest.slice(0, 2).map(({ sessionId, at }) => ({
      sessionId,
      revokedAt: new Date(at).toISOString(),
      forgetAt: new Date(at + LIFE_MS).toISOString(),
    }))
    return { revocations, hasMore: rest.length > 2 }
  }
}

describe('the list of ended sessions', () => {
  const lists: RevocationList[] = []
  afterEach(() => Promise.all(lists.splice(0).map((list) => list[Symbol.asyncDispose]())))

  function setUp(bus?: MemoryEventBus) {
    const auth = new EndedSessions()
    let time = 1_000_000
    const now = () => new Date(time)
    const list = new RevocationList({ readPage: auth.readPage, bus, logger, now, everyMs: NEVER_MS })
    lists.push(list)
    const pass = (ms: number) => {
      time += ms
    }
    return { auth, list, pass }
  }

  it('holds every session that auth names, over as many pages as it takes', async () => {
    const { auth, list } = setUp()
    await list.refresh()
    const ended = Array.from({ length: 7 }, (_, index) => auth.end(900_000 + Math.floor(index / 3)))
    await list.refresh()
    expect(ended.map((session) => list.isRevoked(session))).toEqual(ended.map(() => true))
    expect(list.isRevoked({ sessionId: randomUUID() })).toBe(false)
  })

  it('finds a session whose transaction committed later than a newer one', async () => {
    const { auth, list } = setUp()
    auth.end(950_000)
    await list.refresh()
    const late = auth.end(940_000)
    await list.refresh()
    expect(list.isRevoked(late)).toBe(true)
  })

  it('is read again at once when the bus rings', async () => {
    const bus = new MemoryEventBus()
    const { auth, list } = setUp(bus)
    await list.refresh()
    const session = auth.end(900_000)
    bus.publish(SESSION_ENDED, null)
    await expect.poll(() => list.isRevoked(session)).toBe(true)
  })

  it('tells who waits for a session, once, and nobody who has left', async () => {
    const { auth, list } = setUp()
    const session = auth.end(900_000)
    const heard: string[] = []
    list.onRevoked(session.sessionId, () => heard.push('stays'))
    list.onRevoked(session.sessionId, () => heard.push('left'))()
    await list.refresh()
    await list.refresh()
    expect(heard).toEqual(['stays'])
  })

  it('forgets a session once none of its access tokens can be valid', async () => {
    const { auth, list, pass } = setUp()
    const session = auth.end(1_000_000)
    await list.refresh()
    pass(LIFE_MS - 1)
    await list.refresh()
    expect(list.isRevoked(session)).toBe(true)
    pass(1)
    await list.refresh()
    expect(list.isRevoked(session)).toBe(false)
  })

  it('keeps what it knows while auth is away, and catches up afterwards', async () => {
    const { auth, list } = setUp()
    const known = auth.end(900_000)
    await list.refresh()
    auth.isAway = true
    const missed = auth.end(910_000)
    await list.refresh()
    expect([list.isRevoked(known), list.isRevoked(missed)]).toEqual([true, false])
    auth.isAway = false
    await list.refresh()
    expect(list.isRevoked(missed)).toBe(true)
  })
})
