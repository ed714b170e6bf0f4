import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { MemoryEventBus } from './event-bus/memory-event-bus.ts'
import { createLogger } from './logging.ts'
import {
  type Revocable,
  RevocationList,
  type RevocationPage,
  type RevocationPosition,
  TOKENS_REVOKED,
} from './revocation-list.ts'

const LIFE_MS = 600_000
const NEVER_MS = 2 ** 30
const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

type Revoked = RevocationPage['revocations'][number]['revoked']

/** Auth's list as a test fills it, in pages of two; transactions are numbered as Postgres numbers them. */
class AuthsList {
  readonly questions: RevocationPosition[] = []
  readonly #entries: { xactId: number; id: string; at: number; revoked: Revoked }[] = []
  readonly #open = new Set<number>()
  #nextXactId = 700
  isAway = false
  /** Runs before a page after the first is read. */
  betweenPages = () => {}

  endSession(at: number): Revocable {
    const transaction = this.begin(at)
    transaction.commit()
    return transaction.token
  }

  /** A transaction that ends a session. */
  begin(at: number): { token: Revocable; commit(): void } {
    const token = newToken()
    const xactId = this.#nextXactId++
    this.#open.add(xactId)
    const commit = () => {
      this.#open.delete(xactId)
      this.#add(xactId, at, { sessionId: token.sessionId })
    }
    return { token, commit }
  }

  refuseBelow(at: number, userId: string, tokenVersion: number): void {
    this.#add(this.#nextXactId++, at, { userId, tokenVersion })
  }

  /** A copy without the entries, which counts transactions from a lower number. */
  restoreEmpty(): void {
    this.#entries.length = 0
    this.#nextXactId = 300
  }

  #add(xactId: number, at: number, revoked: Revoked): void {
    this.#entries.push({ xactId, id: randomUUID(), at, revoked })
    this.#entries.sort((a, b) => a.xactId - b.xactId || (a.id < b.id ? -1 : 1))
  }

  readonly readPage = async (position: RevocationPosition): Promise<RevocationPage> => {
    this.questions.push(position)
    const { id: after = '' } = position
    if (after) this.betweenPages()
    if (this.isAway) throw new Error('auth is away')
    const from = Number(position.xactId)
    const rest = this.#entries.filter(({ xactId, id }) => xactId > from || (xactId === from && id > after))
    const page = rest.slice(0, 2)
    const last = rest.length > 2 ? page.at(-1) : undefined
    return {
      revocations: page.map(({ at, revoked }) => ({ revoked, forgetAt: new Date(at + LIFE_MS).toISOString() })),
      ...(last && { nextPage: { xactId: String(last.xactId), id: last.id } }),
      ...(!after && { nextReading: String(Math.min(this.#nextXactId, ...this.#open)) }),
    }
  }
}

function newToken(tokenVersion = 0): Revocable {
  return { userId: randomUUID(), sessionId: randomUUID(), tokenVersion }
}

describe('the list of revoked tokens', () => {
  const lists: RevocationList[] = []
  afterEach(() => Promise.all(lists.splice(0).map((list) => list[Symbol.asyncDispose]())))

  function setUp(bus?: MemoryEventBus) {
    const auth = new AuthsList()
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
    const ended = Array.from({ length: 7 }, (_, index) => auth.endSession(900_000 + Math.floor(index / 3)))
    await list.refresh()
    expect(ended.map((session) => list.isRevoked(session))).toEqual(ended.map(() => true))
    expect(list.isRevoked(newToken())).toBe(false)
  })

  it('finds a session whose transaction stayed open while newer ones were read', async () => {
    const { auth, list } = setUp()
    const late = auth.begin(900_000)
    for (let reading = 0; reading < 3; reading += 1) {
      const newer = auth.endSession(950_000)
      await list.refresh()
      expect(list.isRevoked(newer)).toBe(true)
    }
    late.commit()
    await list.refresh()
    expect(list.isRevoked(late.token)).toBe(true)
  })

  it('finds a session whose transaction committed between two pages, after what lies behind it was read', async () => {
    const { auth, list } = setUp()
    await list.refresh()
    const late = auth.begin(900_000)
    for (let count = 0; count < 3; count += 1) auth.endSession(900_000)
    auth.betweenPages = late.commit
    await list.refresh()
    auth.betweenPages = () => {}
    await list.refresh()
    expect(list.isRevoked(late.token)).toBe(true)
  })

  it('reads what is new, and repeats what was open at most', async () => {
    const { auth, list } = setUp()
    await list.refresh()
    auth.endSession(900_000)
    await list.refresh()
    await list.refresh()
    expect(auth.questions.slice(-2)).toEqual([{ xactId: '700' }, { xactId: '701' }])
  })

  it('finds within a minute what a restored database lists below the positions it gave out before', async () => {
    const { auth, list, pass } = setUp()
    await list.refresh()
    auth.restoreEmpty()
    const session = auth.endSession(1_000_000)
    await list.refresh()
    pass(59_999)
    await list.refresh()
    expect(list.isRevoked(session)).toBe(false)
    pass(1)
    await list.refresh()
    expect(list.isRevoked(session)).toBe(true)
  })

  it('begins again where it began when a page is missing, and tells who waits for what the others name', async () => {
    const { auth, list } = setUp()
    await list.refresh()
    const sessions = Array.from({ length: 3 }, () => auth.endSession(900_000))
    const heard: string[] = []
    for (const session of sessions) list.onRevoked(session, () => heard.push(session.sessionId))
    auth.betweenPages = () => {
      auth.isAway = true
    }
    await list.refresh()
    expect(heard).toHaveLength(2)
    auth.betweenPages = () => {}
    auth.isAway = false
    await list.refresh()
    expect(new Set(heard)).toEqual(new Set(sessions.map(({ sessionId }) => sessionId)))
  })

  it('is read again at once when the bus rings', async () => {
    const bus = new MemoryEventBus()
    const { auth, list } = setUp(bus)
    await list.refresh()
    const session = auth.endSession(900_000)
    bus.publish(TOKENS_REVOKED, null)
    await expect.poll(() => list.isRevoked(session)).toBe(true)
  })

  it('tells who waits for a session, once, and nobody who has left', async () => {
    const { auth, list } = setUp()
    const session = auth.endSession(900_000)
    const heard: string[] = []
    list.onRevoked(session, () => heard.push('stays'))
    list.onRevoked(session, () => heard.push('left'))()
    await list.refresh()
    await list.refresh()
    expect(heard).toEqual(['stays'])
  })

  it('forgets a session once none of its access tokens can be valid', async () => {
    const { auth, list, pass } = setUp()
    const session = auth.endSession(1_000_000)
    await list.refresh()
    pass(LIFE_MS - 1)
    await list.refresh()
    expect(list.isRevoked(session)).toBe(true)
    pass(1)
    await list.refresh()
    expect(list.isRevoked(session)).toBe(false)
  })

  it('refuses the tokens of a user below a version, in all their sessions, and no later ones', async () => {
    const { auth, list } = setUp()
    const token = newToken(3)
    auth.refuseBelow(900_000, token.userId, 4)
    auth.refuseBelow(900_001, token.userId, 2)
    await list.refresh()
    const otherSession = { ...token, sessionId: randomUUID() }
    expect(
      [token, otherSession, { ...token, tokenVersion: 4 }, newToken()].map((each) => list.isRevoked(each)),
    ).toEqual([true, true, false, false])
  })

  it('tells how long ago it was last read', async () => {
    const { auth, list, pass } = setUp()
    await list.refresh()
    auth.isAway = true
    pass(7_000)
    await list.refresh()
    expect(list.ageSeconds()).toBe(7)
    auth.isAway = false
    await list.refresh()
    expect(list.ageSeconds()).toBe(0)
  })

  it('keeps what it knows while auth is away, and catches up afterwards', async () => {
    const { auth, list } = setUp()
    const known = auth.endSession(900_000)
    await list.refresh()
    auth.isAway = true
    const missed = auth.endSession(910_000)
    await list.refresh()
    expect([list.isRevoked(known), list.isRevoked(missed)]).toEqual([true, false])
    auth.isAway = false
    await list.refresh()
    expect(list.isRevoked(missed)).toBe(true)
  })
})
