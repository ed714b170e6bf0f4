import type { MikroORM } from '@mikro-orm/postgresql'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { decodeId, newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import { type Revocable, RevocationList, remoteRevocations } from '../../../platform/revocation-list.ts'
import { ServiceClient } from '../../../platform/service-client.ts'
import { ServiceSigner, SIGNATURE_HEADER } from '../../../platform/service-signature.ts'
import { openAuthDatabase } from '../database.ts'
import { ManualClock, testEnvironment } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { SessionEnding } from './session-ending.ts'

const ACCESS_TOKEN_SECONDS = 600
const NEVER_MS = 2 ** 30
const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

const clock = new ManualClock()
let auth: RunningAuth
let orm: MikroORM
let signer: ServiceSigner
let readPage: ReturnType<typeof remoteRevocations>
beforeAll(async () => {
  auth = await startTestAuth(clock)
  orm = await openAuthDatabase({ url: auth.databaseUrl, logger })
  signer = new ServiceSigner(testEnvironment(auth.databaseUrl).SERVICE_SECRET ?? '', clock.now)
  readPage = remoteRevocations(new ServiceClient({ service: 'auth', origin: auth.url, signer }))
})
afterAll(async () => {
  await orm?.close()
  await auth?.[Symbol.asyncDispose]()
})

/** Another process' list, which is read when a test says so. */
function openList(): RevocationList {
  const list = new RevocationList({ readPage, logger, now: clock.now, everyMs: NEVER_MS })
  onTestFinished(() => list[Symbol.asyncDispose]())
  return list
}

async function openSession(): Promise<Revocable & { accessToken: string }> {
  const { user, tokens } = await auth.client.enter()
  const userId = decodeId('usr', user.id)
  const { rows } = await auth.sql.query('SELECT id FROM auth.session WHERE user_id = $1', [userId])
  return { userId, sessionId: rows[0].id, tokenVersion: 0, accessToken: tokens.accessToken }
}

const get = (path: string) => fetch(auth.url + path, { headers: { [SIGNATURE_HEADER]: signer.sign(path, '', {}) } })

describe('a revocation', () => {
  it('is found after its commit although newer ones were read before, whatever the clocks say', async () => {
    const list = openList()
    const [slow, fast] = [await openSession(), await openSession()]
    const behind = () => new Date(clock.now().getTime() - 30_000)
    const ending = new SessionEnding({ now: behind, ring: () => {} })

    const em = orm.em.fork()
    await em.begin()
    await ending.end(em, { id: slow.sessionId }, 'SIGNED_OUT')
    await auth.client.signOut(fast.accessToken)
    await list.refresh()
    expect([slow, fast].map((each) => list.isRevoked(each))).toEqual([false, true])

    await em.commit()
    await list.refresh()
    expect(list.isRevoked(slow)).toBe(true)
  })

  it('is listed until a token that was signed by a clock a minute ahead has expired', async () => {
    const session = await openSession()
    await auth.client.signOut(session.accessToken)
    const list = openList()
    clock.advance(ACCESS_TOKEN_SECONDS + 59)
    await list.refresh()
    const later = openList()
    await later.refresh()
    expect([list, later].map((each) => each.isRevoked(session))).toEqual([true, true])
    clock.advance(1)
    await list.refresh()
    expect(list.isRevoked(session)).toBe(false)
  })
})

describe('GET /internal/revocations', () => {
  /** By one transaction. */
  beforeAll(async () => {
    await auth.sql.query(
      `INSERT INTO auth.revocation (id, session_id, revoked_at)
       SELECT gen_random_uuid(), gen_random_uuid(), $1 FROM generate_series(1, 2500)`,
      [clock.now()],
    )
  })

  it('is read whole over many pages, also when one transaction revoked more than a page holds', async () => {
    const { rows } = await auth.sql.query<{ session_id: string }>(
      'SELECT session_id FROM auth.revocation WHERE revoked_at = $1',
      [clock.now()],
    )
    const list = openList()
    await list.refresh()
    const tokens = rows.map(({ session_id }) => ({ userId: newUuid(), sessionId: session_id, tokenVersion: 0 }))
    expect(tokens.length).toBeGreaterThanOrEqual(2500)
    expect(tokens.filter((token) => !list.isRevoked(token))).toEqual([])
  })

  it('names the next reading’s position on the first page alone, and from there repeats nothing that was over', async () => {
    const first = await (await get('/internal/revocations')).json()
    expect(first.nextReading).toMatch(/^\d+$/)
    expect(first.revocations).toHaveLength(1000)

    const { xactId, id } = first.nextPage
    const second = await (await get(`/internal/revocations?after=${xactId}&afterId=${id}`)).json()
    expect(second.revocations).toHaveLength(1000)
    expect(second).not.toHaveProperty('nextReading')

    // What other tests have open on the same server holds the position back.
    await expect
      .poll(async () => {
        const { nextReading } = await (await get('/internal/revocations')).json()
        return (await get(`/internal/revocations?after=${nextReading}`)).json()
      })
      .toEqual({ revocations: [], nextReading: expect.stringMatching(/^\d+$/) })
  })

  it.each(['after=-1', 'after=x', 'after=', 'after=1e3', `after=${'9'.repeat(20)}`, 'afterId=7', 'after=1&after=2'])(
    'answers 400 to ?%s',
    async (query) => {
      const response = await get(`/internal/revocations?${query}`)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    },
  )
})
