import { createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import { AuditEvent } from '../audit/audit-event.entity.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { makeSigningKey, publish } from './signing-key.ts'
import { ACCESS_TOKEN_SECONDS, KeyDatabase, publishedIds } from './testing/key-database.ts'

const LEAD_SECONDS = 600
const SKEW_SECONDS = 60
const DAY_SECONDS = 86_400
/** No timer of a ring fires within a test. */
const NEVER_MS = 3_600_000
const SOON = { timeout: 10_000 }

async function setUp() {
  const clock = new ManualClock()
  const database = await KeyDatabase.open(clock)
  return { clock, database, rootKid: publish(database.rootKey).kid }
}

describe('The first start', () => {
  test('signs with the root key at once, and with the same one in all processes that start together', async () => {
    const { database, rootKid } = await setUp()
    const rings = await Promise.all(Array.from({ length: 5 }, () => database.startProcess()))
    for (const ring of rings) {
      expect(ring.signer()).toEqual({ kid: rootKid, privateKey: database.rootKey })
      expect(ring.published()).toEqual([publish(database.rootKey)])
    }
    expect(database.warnings).toEqual([])
  })
})

describe('A rotation', () => {
  test('publishes the next key ten minutes before it signs, and withdraws the old one when its last token has expired', async () => {
    const { clock, database, rootKid } = await setUp()
    const ring = await database.startProcess()
    const { kid } = await database.rotate()
    await expect.poll(() => publishedIds(ring), SOON).toEqual([rootKid, kid].sort())
    clock.advance(LEAD_SECONDS - 1)
    expect(ring.signer().kid).toBe(rootKid)
    clock.advance(1)
    expect(ring.signer().kid).toBe(kid)
    clock.advance(ACCESS_TOKEN_SECONDS + SKEW_SECONDS - 1)
    expect(publishedIds(ring)).toEqual([rootKid, kid].sort())
    clock.advance(1)
    expect(publishedIds(ring)).toEqual([kid])
    expect(await ring.keySet().find(rootKid)).toBeUndefined()
  })

  test('by one process reaches the others, which sign with the same key from the same moment on', async () => {
    const { clock, database } = await setUp()
    const [one, other] = [await database.startProcess(), await database.startProcess()]
    const { kid } = await database.rotate()
    for (const ring of [one, other]) await expect.poll(() => publishedIds(ring), SOON).toContain(kid)
    clock.advance(LEAD_SECONDS)
    expect(one.signer().kid).toBe(kid)
    expect(other.signer().kid).toBe(kid)
    expect(other.signer().privateKey.equals(one.signer().privateKey)).toBe(true)
    expect((await database.startProcess()).signer().kid).toBe(kid)
  })

  test('reaches a process that nobody asks anything, within the five seconds that operators are told', async () => {
    const { database } = await setUp()
    const ring = await database.startUnhurriedProcess()
    const { kid } = await database.rotate({ immediately: true })
    await expect.poll(() => publishedIds(ring), SOON).toEqual([kid])
  })

  test('at once leaves only the new key, in force', async () => {
    const { database } = await setUp()
    const ring = await database.startProcess()
    const { kid } = await database.rotate({ immediately: true })
    await expect.poll(() => publishedIds(ring), SOON).toEqual([kid])
    expect(ring.signer().kid).toBe(kid)
    expect((await database.startProcess()).signer().kid, 'a start does not bring the root key back').toBe(kid)
  })

  test('leaves no private key in the table that could be read', async () => {
    const { clock, database } = await setUp()
    const ring = await database.startProcess()
    await database.rotate({ immediately: true })
    clock.advance(1)
    const { kid } = await database.rotate({ immediately: true })
    clock.advance(1)
    await ring.refresh()
    const table = await database.dump()
    expect(table).toContain(kid)
    for (const key of [database.rootKey, ring.signer().privateKey]) {
      const { d = '' } = key.export({ format: 'jwk' })
      expect(table).not.toContain(d)
      expect(table).not.toContain(Buffer.from(d, 'base64url').toString('hex'))
      expect(table).not.toMatch(/PRIVATE|"d"/)
    }
  })
})

describe('On a schedule', () => {
  test('one key is made when the newest has signed for so long, however many processes see it', async () => {
    const { clock, database, rootKid } = await setUp()
    const start = () => database.startProcess({ keyLifeSeconds: 30 * DAY_SECONDS })
    const rings = await Promise.all([start(), start(), start()])
    clock.advance(30 * DAY_SECONDS - 1)
    // A reading that began before the clock moved may be under way; only the next one sees the new time.
    await expect.poll(() => rings.map(publishedIds), SOON).toEqual([[rootKid], [rootKid], [rootKid]])
    clock.advance(1)
    await expect.poll(() => rings.map((ring) => publishedIds(ring).length), SOON).toEqual([2, 2, 2])
    clock.advance(LEAD_SECONDS)
    const [kid] = rings.map((ring) => ring.signer().kid)
    expect(kid).not.toBe(rootKid)
    expect(rings.map((ring) => ring.signer().kid)).toEqual([kid, kid, kid])
  })

  test('nothing is rotated without one', async () => {
    const { clock, database, rootKid } = await setUp()
    const ring = await database.startProcess({ everyMs: NEVER_MS })
    clock.advance(1_000 * DAY_SECONDS)
    await ring.refresh()
    expect(publishedIds(ring)).toEqual([rootKid])
  })
})

describe('Another root key in the environment', () => {
  test('signs at once, while what the one before had signed stays valid until it expires', async () => {
    const { clock, database, rootKid } = await setUp()
    const { kid } = await (async () => {
      await database.startProcess({ everyMs: NEVER_MS })
      return database.rotate()
    })()
    clock.advance(LEAD_SECONDS)
    const changed = makeSigningKey()
    const newRootKid = publish(changed).kid
    const ring = await database.startProcess({ rootKey: changed, everyMs: NEVER_MS })
    expect(ring.signer()).toEqual({ kid: newRootKid, privateKey: changed })
    expect(publishedIds(ring)).toEqual([rootKid, kid, newRootKid].sort())
    clock.advance(ACCESS_TOKEN_SECONDS + SKEW_SECONDS)
    expect(publishedIds(ring)).toEqual([newRootKid])
  })

  test('is told to the operator in one line, which names the old keys and holds no private part', async () => {
    const { clock, database, rootKid } = await setUp()
    await database.startProcess({ everyMs: NEVER_MS })
    const ring = await database.startProcess({ rootKey: makeSigningKey(), everyMs: NEVER_MS })
    clock.advance(1)
    await ring.refresh()
    expect(database.warnings).toMatchObject([{ kids: [rootKid], msg: expect.stringContaining('JWT_SIGNING_KEY') }])
    expect(JSON.stringify(database.warnings)).not.toContain(String(database.rootKey.export({ format: 'jwk' }).d))
  })

  test('can be taken back, also after its own key has retired', async () => {
    const { clock, database, rootKid } = await setUp()
    await database.startProcess({ everyMs: NEVER_MS })
    await database.startProcess({ rootKey: makeSigningKey(), everyMs: NEVER_MS })
    clock.advance(7 * DAY_SECONDS)
    expect((await database.startProcess({ everyMs: NEVER_MS })).signer().kid).toBe(rootKid)
  })

  test('is in the audit log once, also when processes with the old and the new one take turns', async () => {
    const { clock, database } = await setUp()
    const old = await database.startProcess({ everyMs: NEVER_MS })
    const changed = makeSigningKey()
    const replacedAt = clock.now()
    const young = [1, 2].map(() => database.startProcess({ rootKey: changed, everyMs: NEVER_MS }))
    for (const ring of [old, ...(await Promise.all(young)), old]) {
      clock.advance(1)
      await ring.refresh()
    }
    expect(await database.em.fork().findAll(AuditEvent)).toMatchObject([
      {
        action: 'key.rotated',
        actorId: null,
        subjectId: null,
        details: `The root key was replaced: ${publish(changed).kid}`,
        createdAt: replacedAt,
      },
    ])
  })

  test('stops no process that still has the old one, as when replicas are replaced one by one', async () => {
    const { clock, database, rootKid } = await setUp()
    const old = await database.startProcess({ everyMs: NEVER_MS })
    const changed = makeSigningKey()
    const young = await database.startProcess({ rootKey: changed, everyMs: NEVER_MS })
    for (let minute = 0; minute < 60; minute += 1) {
      clock.advance(60)
      for (const ring of [old, young]) await ring.refresh()
      expect(old.signer().kid).toBe(rootKid)
      expect(young.signer().kid).toBe(publish(changed).kid)
      expect(await old.keySet().find(publish(changed).kid)).toBeDefined()
      expect(await young.keySet().find(rootKid)).toBeDefined()
    }
  })
})

describe('The key set for the own verifier', () => {
  test('finds the public half of a key', async () => {
    const { database, rootKid } = await setUp()
    const keys = (await database.startProcess()).keySet()
    expect((await keys.find(rootKid))?.equals(createPublicKey(database.rootKey))).toBe(true)
    await keys.ready()
  })

  test('looks for an unknown key in the database, at most once a second', async () => {
    const { clock, database } = await setUp()
    const keys = (await database.startProcess({ everyMs: NEVER_MS })).keySet()
    const { kid } = await database.rotate()
    expect(await keys.find(kid), 'the table was read within this second').toBeUndefined()
    clock.advance(1)
    expect(await keys.find(kid)).toBeDefined()
  })
})

describe('While the database is away', () => {
  test('or hangs, nobody waits for it longer than a second', async () => {
    const { clock, database, rootKid } = await setUp()
    const ring = await database.startProcess({ everyMs: NEVER_MS })
    await database.em.fork().transactional(async (em) => {
      await em.execute('LOCK TABLE auth.signing_key')
      clock.advance(1)
      await expect(ring.keySet().find('unknown')).rejects.toThrow(SubgraphUnavailableError)
      await ring.refresh()
      expect(publishedIds(ring)).toEqual([rootKid])
    })
  })

  test('the last keys stay in use, an unknown one cannot be judged, and the log says so once', async () => {
    const { clock, database, rootKid } = await setUp()
    const ring = await database.startProcess({ everyMs: NEVER_MS })
    await database.drop()
    for (let second = 0; second < 3; second += 1) {
      clock.advance(1)
      await expect(ring.keySet().find('unknown')).rejects.toThrow(SubgraphUnavailableError)
    }
    expect(ring.signer().kid).toBe(rootKid)
    expect(await ring.keySet().find(rootKid)).toBeDefined()
    expect(database.warnings.map(({ msg }) => msg)).toEqual(['the signing keys are stale'])
  })

  test('for more than an hour, no key is good any more: it may have been withdrawn', async () => {
    const { clock, database, rootKid } = await setUp()
    const ring = await database.startProcess({ everyMs: NEVER_MS })
    await database.drop()
    clock.advance(3_600)
    expect(await ring.keySet().find(rootKid)).toBeDefined()
    clock.advance(1)
    await expect(ring.keySet().find(rootKid)).rejects.toThrow(SubgraphUnavailableError)
    expect(() => ring.published()).toThrow(SubgraphUnavailableError)
  })
})

describe('After an hour in which nothing ran', () => {
  test('the keys are read before one is judged', async () => {
    const { clock, database, rootKid } = await setUp()
    const keys = (await database.startProcess({ everyMs: NEVER_MS })).keySet()
    clock.advance(3_601)
    expect(await keys.find(rootKid)).toBeDefined()
  })
})
