import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { createLogger } from './logging.ts'
import { MemoryEventBus } from './memory-event-bus.ts'
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

/** Auth's list as a test fills it, in pages of two. */
class AuthsList {
  readonly questions: RevocationPosition[] = []
  readonly #entries: { id: string; at: number; revoked: Revoked }[] = []
  isAway = false

  endSession(at: number): Revocable {
    const token = newToken()
    this.#add(at, { sessionId: token.sessionId })
    return token
  }

  refuseBelow(at: number, userId: string, tokenVersion: number): void {
    this.#add(at, { userId, tokenVersion })
  }

  #add(at: number, revoked: Revoked): void {
    this.#entries.push({ id: randomUUID(), at, revoked })
    this.#entries.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
  }

  readonly readPage = async (after: RevocationPosition): Promise<RevocationPage> => {
    this.questions.push(after)
    if (this.isAway) throw new Error('auth is away')
    const from = Date.parse(after.revokedAt)
    const rest = this.#entries.filter(({ at, id }) => at > from || (at === from && id > after.id))
    const revocations = rest.slice(0, 2).map(({ id, at, revoked }) => ({
      id,
      revoked,
      revokedAt: new Date(at).toISOString(),
      forgetAt: new Date(at + LIFE_MS).toISOString(),
    }))
    return { revocations, hasMore: rest.length > 2 }
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

  it('finds a session whose transaction committed later than a newer one', async () => {
    const { auth, list } = setUp()
    auth.endSession(950_000)
    await list.refresh()
    const late = auth.endSession(940_000)
    await list.refresh()
    expect(list.isRevoked(late)).toBe(true)
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
