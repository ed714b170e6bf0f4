import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../platform/environment.ts'
import { AuditEvent } from '../audit/audit-event.entity.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { SigningKey } from './signing-key.entity.ts'
import { makeSigningKey, publish } from './signing-key.ts'
import { ACCESS_TOKEN_SECONDS, KeyDatabase, publishedIds } from './testing/key-database.ts'

const LEAD_SECONDS = 600
const DAY_SECONDS = 86_400
const SKEW_SECONDS = 60
const LONGER_SECONDS = 1_800

async function setUp() {
  const clock = new ManualClock()
  const database = await KeyDatabase.open(clock)
  await database.startProcess({ everyMs: 3_600_000 })
  return { clock, database, rootKid: publish(database.rootKey).kid }
}

const idsIn = async (database: KeyDatabase) => (await database.em.fork().findAll(SigningKey)).map(({ kid }) => kid)

function later(clock: ManualClock, seconds: number): Date {
  return new Date(clock.now().getTime() + seconds * 1_000)
}

describe('Rotating the keys', () => {
  test('tells which key signs from when, and until when the one before it stays', async () => {
    const { clock, database, rootKid } = await setUp()
    const { kid, signsFrom, replaced } = await database.rotate()
    expect(signsFrom).toEqual(later(clock, LEAD_SECONDS))
    expect(replaced).toEqual([
      { kid: rootKid, retiresAt: later(clock, LEAD_SECONDS + ACCESS_TOKEN_SECONDS + SKEW_SECONDS) },
    ])
    expect((await idsIn(database)).sort()).toEqual([rootKid, kid].sort())
  })

  test('at once tells that the others are withdrawn now', async () => {
    const { clock, database, rootKid } = await setUp()
    const staged = await database.rotate()
    const { signsFrom, replaced } = await database.rotate({ immediately: true })
    expect(signsFrom).toEqual(clock.now())
    expect(replaced.map(({ kid }) => kid).sort()).toEqual([rootKid, staged.kid].sort())
    for (const { retiresAt } of replaced) expect(retiresAt).toEqual(clock.now())
  })

  test('is refused while the key of the last rotation does not sign yet', async () => {
    const { clock, database } = await setUp()
    const { kid, signsFrom } = await database.rotate()
    clock.advance(LEAD_SECONDS - 1)
    await expect(database.rotate()).rejects.toThrow(`${kid} signs from ${signsFrom.toISOString()} on`)
    clock.advance(1)
    expect((await database.rotate()).replaced).toHaveLength(2)
  })

  test('twice at the same moment makes one key', async () => {
    const { database, rootKid } = await setUp()
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => database.rotate()))
    const made = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    expect(made).toHaveLength(1)
    expect((await idsIn(database)).sort()).toEqual([rootKid, made[0]?.value.kid].sort())
  })

  test('is refused with a root key under which nothing signs, which would make a key that nobody can use', async () => {
    const { clock, database, rootKid } = await setUp()
    const stranger = database.rotate({ rootKey: makeSigningKey(), immediately: true })
    await expect(stranger).rejects.toThrow(ConfigurationError)
    await expect(stranger).rejects.toThrow('JWT_SIGNING_KEY')
    expect(await idsIn(database)).toEqual([rootKid])
    await expect((await KeyDatabase.open(clock)).rotate(), 'a database where nothing started').rejects.toThrow(
      'Start Parley with it once',
    )
  })

  test('is in the audit log, with the new key and nobody who did it', async () => {
    const { clock, database } = await setUp()
    const { kid } = await database.rotate()
    const events = await database.em.fork().findAll(AuditEvent)
    expect(events).toMatchObject([
      { action: 'key.rotated', actorId: null, subjectId: null, details: kid, createdAt: clock.now() },
    ])
  })

  test('forgets keys that were withdrawn more than a day ago, and the root key does not come back for it', async () => {
    const { clock, database, rootKid } = await setUp()
    await database.rotate({ immediately: true })
    clock.advance(DAY_SECONDS)
    await database.rotate({ immediately: true })
    expect(await idsIn(database)).not.toContain(rootKid)
    const { kid } = await database.rotate({ immediately: true })
    expect((await database.startProcess()).signer().kid).toBe(kid)
    expect(await idsIn(database)).not.toContain(rootKid)
  })
})

describe('While a process signs longer tokens than whoever rotates was told', () => {
  async function setUpLonger() {
    const { clock, database, rootKid } = await setUp()
    const ring = await database.startProcess({ accessTokenSeconds: LONGER_SECONDS, everyMs: 3_600_000 })
    return { clock, database, rootKid, ring }
  }

  test('the key before stays until the last of them has expired', async () => {
    const { clock, database } = await setUpLonger()
    const { replaced } = await database.rotate()
    expect(replaced).toMatchObject([{ retiresAt: later(clock, LEAD_SECONDS + LONGER_SECONDS + SKEW_SECONDS) }])
  })

  test('and was told a longer life at another time, the longest counts', async () => {
    const { clock, database } = await setUpLonger()
    const { replaced } = await database.rotate({ accessTokenSeconds: 2 * LONGER_SECONDS })
    expect(replaced).toMatchObject([{ retiresAt: later(clock, LEAD_SECONDS + 2 * LONGER_SECONDS + SKEW_SECONDS) }])
  })

  test('the same holds for the key that they made, once the process has read it', async () => {
    const { clock, database, ring } = await setUpLonger()
    const { kid } = await database.rotate()
    clock.advance(LEAD_SECONDS)
    await ring.refresh()
    expect(ring.signer().kid).toBe(kid)
    const { replaced } = await database.rotate()
    expect(replaced.find((key) => key.kid === kid)?.retiresAt).toEqual(
      later(clock, LEAD_SECONDS + LONGER_SECONDS + SKEW_SECONDS),
    )
  })

  test('a root key that takes its place lets it stay as long', async () => {
    const { clock, database, rootKid } = await setUpLonger()
    const ring = await database.startProcess({ rootKey: makeSigningKey() })
    clock.advance(LONGER_SECONDS + SKEW_SECONDS - 1)
    expect(publishedIds(ring)).toContain(rootKid)
    clock.advance(1)
    expect(publishedIds(ring)).not.toContain(rootKid)
  })
})

describe('A process that starts with longer tokens after a rotation', () => {
  test('keeps the key that it still signs with until the last of them has expired', async () => {
    const { clock, database, rootKid } = await setUp()
    await database.rotate()
    const ring = await database.startProcess({ accessTokenSeconds: LONGER_SECONDS })
    clock.advance(LEAD_SECONDS + LONGER_SECONDS + SKEW_SECONDS - 1)
    expect(publishedIds(ring)).toContain(rootKid)
    clock.advance(1)
    expect(publishedIds(ring)).not.toContain(rootKid)
  })

  test('brings back no key that was withdrawn at once', async () => {
    const { database } = await setUp()
    const { kid } = await database.rotate({ immediately: true })
    expect(publishedIds(await database.startProcess({ accessTokenSeconds: LONGER_SECONDS }))).toEqual([kid])
  })
})
