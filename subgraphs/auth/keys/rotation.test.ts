import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../platform/environment.ts'
import { AuditEvent } from '../audit/audit-event.entity.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { SigningKey } from './signing-key.entity.ts'
import { makeSigningKey, publish } from './signing-key.ts'
import { ACCESS_TOKEN_SECONDS, KeyDatabase } from './testing/key-database.ts'

const LEAD_SECONDS = 600
const DAY_SECONDS = 86_400

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
    expect(replaced).toEqual([{ kid: rootKid, retiresAt: later(clock, LEAD_SECONDS + ACCESS_TOKEN_SECONDS + 60) }])
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
