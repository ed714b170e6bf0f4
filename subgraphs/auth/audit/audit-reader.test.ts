import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeCursor } from '../../../platform/connection.ts'
import { decodeId, encodeId, newUuid } from '../../../platform/ids.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { enterAs, type Person } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

interface AuditPage {
  nodes: {
    id: string
    action: string
    actor: { id: string } | null
    subject: { id: string } | null
    ipAddress: string | null
    userAgent: string | null
    createdAt: string
    details: string | null
  }[]
  edges: { cursor: string; node: { id: string } }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
}

interface PageArguments {
  first?: number
  after?: string | null
  userId?: string
}

const LIST = `query ($first: Int, $after: Cursor, $userId: ID) {
  auditEvents(first: $first, after: $after, userId: $userId) {
    nodes { id action actor { id } subject { id } ipAddress userAgent createdAt details }
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}`

const clock = new ManualClock()
let auth: RunningAuth
let admin: Person

beforeAll(async () => {
  auth = await startTestAuth(clock)
  admin = await enterAs(auth, 'ADMIN')
})

afterAll(() => auth?.[Symbol.asyncDispose]())

const askFor = (args: PageArguments, accessToken?: string) =>
  auth.client.query<{ auditEvents: AuditPage | null }>(LIST, args, accessToken)

async function list(args: PageArguments): Promise<AuditPage> {
  const { data, errors } = await askFor(args, admin.tokens.accessToken)
  expect(errors).toBeUndefined()
  if (!data?.auditEvents) throw new Error('There is no page.')
  return data.auditEvents
}

/** Puts entries straight into the log. Ids are UUIDs. */
async function addEvents(events: readonly { actorId: string; subjectId: string }[]): Promise<string[]> {
  const ids = events.map(() => newUuid())
  await auth.sql.query(
    `INSERT INTO auth.audit_event (id, action, actor_id, subject_id, created_at)
     SELECT id, 'user.updated', actor, subject, now()
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS event (id, actor, subject)`,
    [ids, events.map(({ actorId }) => actorId), events.map(({ subjectId }) => subjectId)],
  )
  return ids
}

describe('auditEvents', () => {
  test('tells who did what to whom, from where and when, the newest first', async () => {
    const { user } = await auth.client.enter()
    const suspend =
      'mutation ($userId: ID!) { suspendUser(input: { userId: $userId, reason: "Spam" }) { user { id } } }'
    const response = await auth.client.post(
      '/graphql',
      { query: suspend, variables: { userId: user.id } },
      {
        authorization: `Bearer ${admin.tokens.accessToken}`,
        'x-forwarded-for': '192.0.2.7',
        'x-client-user-agent': 'Browser/1',
      },
    )
    expect(response.status).toBe(200)
    const { nodes } = await list({ userId: user.id })
    expect(nodes.map(({ action }) => action)).toEqual(['user.suspended', 'session.opened', 'user.signed_up'])
    expect(nodes[0]).toEqual({
      id: expect.stringMatching(/^aud_[0-9a-z]{26}$/),
      action: 'user.suspended',
      actor: { id: admin.user.id },
      subject: { id: user.id },
      ipAddress: '192.0.2.7',
      userAgent: 'Browser/1',
      createdAt: clock.now().toISOString(),
      details: 'Spam',
    })
    expect((await list({ first: 1 })).nodes).toEqual([nodes[0]])
  })

  test('shows nobody where the account is gone', async () => {
    const { user } = await auth.client.enter()
    await auth.sql.query('DELETE FROM auth.user WHERE username = $1', [user.username])
    const { nodes } = await list({ userId: user.id })
    expect(nodes.length).toBeGreaterThan(0)
    for (const { actor, subject } of nodes) expect([actor, subject]).toEqual([null, null])
  })

  test('of a user are those they did and those done to them, each once and page by page, while new ones come', async () => {
    const someone = fc.constantFrom('user', 'other')
    const events = fc.array(fc.record({ actor: someone, subject: someone }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(events, fc.integer({ min: 1, max: 5 }), async (kinds, size) => {
        const people = { user: newUuid(), other: newUuid() }
        const toEvent = ({ actor, subject }: (typeof kinds)[number]) => ({
          actorId: people[actor as 'user' | 'other'],
          subjectId: people[subject as 'user' | 'other'],
        })
        const ids = await addEvents(kinds.map(toEvent))
        const expected = ids.filter((_, index) => Object.values(kinds[index] ?? {}).includes('user')).reverse()
        const seen: string[] = []
        let after: string | null = null
        for (let goesOn = true; goesOn; ) {
          const page: AuditPage = await list({ first: size, after, userId: encodeId('usr', people.user) })
          expect(page.pageInfo.hasPreviousPage).toBe(after !== null)
          seen.push(...page.nodes.map(({ id }) => decodeId('aud', id)))
          expect(page.edges.map(({ node }) => node.id)).toEqual(page.nodes.map(({ id }) => id))
          after = page.pageInfo.endCursor
          goesOn = page.pageInfo.hasNextPage
          await addEvents([{ actorId: people.user, subjectId: people.other }])
        }
        expect(seen).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  test('of a user are found through both indexes', async () => {
    await auth.sql.query(
      `INSERT INTO auth.audit_event (id, action, actor_id, subject_id, created_at)
       SELECT gen_random_uuid(), 'user.updated', gen_random_uuid(), gen_random_uuid(), now() FROM generate_series(1, 5000)`,
    )
    await auth.sql.query('ANALYZE auth.audit_event')
    const scansOf = async (index: string) => {
      await list({ userId: admin.user.id })
      const { rows } = await auth.sql.query('SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = $1', [
        index,
      ])
      return Number(rows[0].idx_scan)
    }
    for (const index of ['audit_event_by_actor', 'audit_event_by_subject']) {
      const before = await scansOf(index)
      await expect.poll(() => scansOf(index), { timeout: 20_000, interval: 250 }).toBeGreaterThan(before)
    }
  })

  test.each<[what: string, args: PageArguments]>([
    ['an empty page', { first: 0 }],
    ['a page of 101', { first: 101 }],
    ['a cursor of another list', { after: encodeCursor('user', newUuid()) }],
    ['a cursor that holds no id', { after: encodeCursor('audit', 'x') }],
    ['a cursor that is none', { after: 'nonsense' }],
    ['an id of something else', { userId: encodeId('ses', newUuid()) }],
    ['an id that is none', { userId: '' }],
  ])('refuses %s', async (_what, args) => {
    const { errors } = await askFor(args, admin.tokens.accessToken)
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  })

  test('is for holders of AUDIT_READ', async () => {
    const moderator = await enterAs(auth, 'MODERATOR')
    expect((await askFor({}, moderator.tokens.accessToken)).errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN' } },
    ])
    expect((await askFor({})).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})
