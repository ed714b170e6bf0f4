import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { remoteDeletions } from '../../../platform/deletions.ts'
import { decodeId } from '../../../platform/ids.ts'
import { ServiceClient } from '../../../platform/service-client.ts'
import { ServiceSigner, SIGNATURE_HEADER } from '../../../platform/service-signature.ts'
import { ManualClock, newPerson, testEnvironment } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const DELETE_ACCOUNT = `mutation ($input: DeleteAccountInput!) {
  deleteAccount(input: $input) { userErrors { code } }
}`
const PEOPLE = 8
const MINUTE_MS = 60_000

const clock = new ManualClock()
let auth: RunningAuth
let signer: ServiceSigner
let readPage: ReturnType<typeof remoteDeletions>
beforeAll(async () => {
  auth = await startTestAuth(clock)
  signer = new ServiceSigner(testEnvironment(auth.databaseUrl).SERVICE_SECRET ?? '', clock.now)
  readPage = remoteDeletions(new ServiceClient({ service: 'auth', origin: auth.url, signer }))
})
afterAll(() => auth[Symbol.asyncDispose]())

const get = (path: string) => fetch(auth.url + path, { headers: { [SIGNATURE_HEADER]: signer.sign(path, '', {}) } })

describe('GET /internal/deletions', () => {
  it('lists deleted accounts by positions without gaps, none of which appears late', async () => {
    const people = await Promise.all(Array.from({ length: PEOPLE }, () => auth.client.enter()))
    const input = { password: newPerson().password }
    let isOver = false
    const deleting = Promise.all(
      people.map(({ tokens }) => auth.client.query(DELETE_ACCOUNT, { input }, tokens.accessToken)),
    ).finally(() => {
      isOver = true
    })
    const read: { position: number; userId: string }[] = []
    for (let isLast = false; !isLast; ) {
      isLast = isOver
      const { deletions } = await readPage(read.at(-1)?.position ?? 0)
      read.push(...deletions)
    }
    await deleting

    expect(read.map(({ position }) => position)).toEqual(Array.from({ length: PEOPLE }, (_, index) => index + 1))
    expect(new Set(read.map(({ userId }) => userId))).toEqual(
      new Set(people.map(({ user }) => decodeId('usr', user.id))),
    )
  })

  it('begins after a position, and says whether there is more', async () => {
    const whole = await readPage(0)
    expect(whole.hasMore).toBe(false)
    expect(whole.deletions[0]?.deletedAt).toBe(clock.now().toISOString())

    const page = await (await get('/internal/deletions?after=2&limit=3')).json()
    expect(page).toEqual({ deletions: whole.deletions.slice(2, 5), hasMore: true })
    const last = await (await get(`/internal/deletions?after=${PEOPLE - 3}&limit=3`)).json()
    expect(last).toEqual({ deletions: whole.deletions.slice(-3), hasMore: false })
    expect(await readPage(PEOPLE)).toEqual({ deletions: [], hasMore: false })
  })

  it.each([
    ['a quarter of an hour after it', '600', 15 * MINUTE_MS],
    ['later where access tokens live longer', '3600', 61 * MINUTE_MS],
  ])('says that a deletion is settled %s', async (_when, accessTokenSeconds, afterMs) => {
    await using own = await startTestAuth(clock, { JWT_ACCESS_TTL: accessTokenSeconds })
    const { tokens } = await own.client.enter()
    await own.client.query(DELETE_ACCOUNT, { input: { password: newPerson().password } }, tokens.accessToken)

    const { deletions } = await remoteDeletions(new ServiceClient({ service: 'auth', origin: own.url, signer }))(0)
    const settledAt = new Date(clock.now().getTime() + afterMs).toISOString()
    expect(deletions).toMatchObject([{ deletedAt: clock.now().toISOString(), settledAt }])
  })

  it.each(['after=-1', 'after=x', 'after=', 'after=1e3', 'limit=0', 'limit=1001', 'after=1&after=2'])(
    'answers 400 to ?%s',
    async (query) => {
      const response = await get(`/internal/deletions?${query}`)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    },
  )

  it.each(['/internal/deletions', '/internal/deletions?after=0', '/%69nternal/deletions'])(
    'answers 403 to an unsigned call of %s',
    async (path) => {
      const forged = new ServiceSigner('another secret', clock.now).sign(path, '', {})
      const elsewhere = signer.sign('/internal/revocations', '', {})
      for (const signature of [undefined, forged, elsewhere]) {
        const response = await fetch(auth.url + path, { headers: signature ? { [SIGNATURE_HEADER]: signature } : {} })
        expect(response.status).toBe(403)
        expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
      }
    },
  )
})
