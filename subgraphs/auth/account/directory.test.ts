import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeCursor } from '../../../platform/connection.ts'
import { newUuid } from '../../../platform/ids.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { enterAs, type Person } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

interface Found {
  searchUsers: {
    nodes: { username: string }[]
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
    totalCount: number | null
  } | null
}

const SEARCH = `query ($query: String!, $first: Int, $after: Cursor) {
  searchUsers(query: $query, first: $first, after: $after) {
    nodes { username } pageInfo { hasNextPage hasPreviousPage endCursor } totalCount
  }
}`

const clock = new ManualClock()
let auth: RunningAuth
let viewer: Person

beforeAll(async () => {
  auth = await startTestAuth(clock)
  viewer = await auth.client.enter()
  for (const [username, displayName] of [
    ['Ada', 'Ada Lovelace'],
    ['ada.b', 'Somebody'],
    ['ada_c', 'Somebody'],
    ['king', 'Augusta Ada King-Noel'],
    ['oneil', "Séamus O'Neil"],
    ['xada', 'Xada'],
    ['percent', '100% of v1.2'],
    ['away', 'Ada Away'],
  ]) {
    await auth.client.signUp({ ...(username && { username }), ...(displayName && { displayName }) })
  }
  await auth.sql.query(`UPDATE auth.user SET suspended_at = now() WHERE username = 'away'`)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

async function askFor(args: { query: string; first?: number; after?: string | null }) {
  return auth.client.query<Found>(SEARCH, args, viewer.tokens.accessToken)
}

async function search(args: { query: string; first?: number; after?: string | null }) {
  const { data, errors } = await askFor(args)
  expect(errors).toBeUndefined()
  if (!data?.searchUsers) throw new Error('There is no page.')
  return data.searchUsers
}

const namesFor = async (query: string) => (await search({ query })).nodes.map(({ username }) => username)

describe('searchUsers', () => {
  test('finds by the beginning of a username or of a word in the display name, by username, without the suspended', async () => {
    expect(await namesFor('ada')).toEqual(['Ada', 'ada.b', 'ada_c', 'king'])
    expect((await search({ query: 'ada', first: 1 })).totalCount).toBeNull()
  })

  test.each([
    ['ADA', ['Ada', 'ada.b', 'ada_c', 'king']],
    ['  lovel ', ['Ada']],
    ['séa', ['oneil']],
    ['SÉA', ['oneil']],
    ['noel', ['king']],
    ['king-n', ['king']],
    ["o'ne", ['oneil']],
    ['ada king', ['king']],
    ['ki aug', ['king']],
    ['v1.2', ['percent']],
    ['100%', ['percent']],
    ['da', []],
    ['%', []],
    ['ada%', ['Ada', 'king']],
    ['d_a', []],
    ['ada_', ['ada_c', 'Ada', 'king']],
    ["' | 'ada", ['Ada', 'king']],
    ['lovelace | neil', []],
    ['lovelace:* | neil:*', []],
    ['!ada', ['Ada', 'king']],
    ['\\', []],
    ["'", []],
    ['🎈', []],
    ['l', []],
    ['a', ['Ada', 'ada.b', 'ada_c']],
    ['ada l', ['Ada', 'king']],
    ['n.k', []],
    ['-l-', []],
    ['l\u0301', []],
  ])('finds for %j %j', async (query, expected) => {
    expect((await namesFor(query)).sort()).toEqual(expected.sort())
  })

  test('answers whatever is asked for', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
      fc.string({ unit: fc.constantFrom(...`'"\\:*&|!()<->%_ aä.@/-`), minLength: 1, maxLength: 64 }),
    )
    await fc.assert(
      fc.asyncProperty(text, async (query) => {
        const { data, errors } = await askFor({ query })
        if (!data?.searchUsers) expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
      }),
      { numRuns: 200 },
    )
  })

  test('reads page by page all that one page would have', async () => {
    const names: string[] = []
    let after: string | null = null
    for (let goesOn = true; goesOn; ) {
      const page: Awaited<ReturnType<typeof search>> = await search({ query: 'ada', first: 1, after })
      expect(page.pageInfo.hasPreviousPage).toBe(after !== null)
      names.push(...page.nodes.map(({ username }) => username))
      after = page.pageInfo.endCursor
      goesOn = page.pageInfo.hasNextPage
    }
    expect(names).toEqual(['Ada', 'ada.b', 'ada_c', 'king'])
  })

  test('reads page by page all that there are in order, however common or rare they are', async () => {
    const people = Array.from({ length: 400 }, (_, index) => ({
      username: `q${createHash('md5').update(String(index)).digest('hex').slice(0, 12)}`,
      words: ['qu', ...(index % 2 ? ['often'] : []), ...(index % 60 ? [] : ['seldom']), ...(index > 390 ? ['q0'] : [])],
      isSuspended: index % 7 === 0,
    }))
    await auth.sql.query(
      `INSERT INTO auth.user (id, email, email_key, username, username_key, display_name, roles, created_at, suspended_at)
       SELECT gen_random_uuid(), name || '@a.org', name || '@a.org', name, name, called, '{MEMBER}', now(),
         CASE WHEN suspended THEN now() END
       FROM unnest($1::text[], $2::text[], $3::bool[]) AS someone (name, called, suspended)`,
      [
        people.map(({ username }) => username),
        people.map(({ words }) => words.join(' ')),
        people.map(({ isSuspended }) => isSuspended),
      ],
    )
    const expectedFor = (query: string) =>
      people
        .filter(({ isSuspended, words, username }) => {
          const isCalledSo = query.split(' ').every((start) => words.some((word) => word.startsWith(start)))
          return !isSuspended && (username.startsWith(query) || isCalledSo)
        })
        .map(({ username }) => username)
        .sort()
    const queries = fc.constantFrom('q', 'q0', 'qu', 'often', 'se', 'seldom often', 'nobody')
    const sizes = fc.array(fc.integer({ min: 5, max: 60 }), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(queries, sizes, async (query, sizes) => {
        const names: string[] = []
        let after: string | null = null
        for (let step = 0, goesOn = true; goesOn; step += 1) {
          const first = sizes[step % sizes.length] ?? 1
          const page: Awaited<ReturnType<typeof search>> = await search({ query, first, after })
          names.push(...page.nodes.map(({ username }) => username))
          after = page.pageInfo.endCursor
          goesOn = page.pageInfo.hasNextPage
        }
        expect(names).toEqual(expectedFor(query))
      }),
      { numRuns: 30 },
    )
  })

  test('finds both ways through an index', async () => {
    await auth.sql.query(
      `INSERT INTO auth.user (id, email, email_key, username, username_key, display_name, roles, created_at)
       SELECT gen_random_uuid(), name || '@a.org', name || '@a.org', name, name, 'Number ' || md5(name), '{MEMBER}', now()
       FROM (SELECT 'n' || md5(i::text) AS name FROM generate_series(1, 5000) i) AS someone`,
    )
    await auth.sql.query('ANALYZE auth.user')
    const scansOf = async (index: string) => {
      await namesFor('ada')
      const { rows } = await auth.sql.query('SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = $1', [
        index,
      ])
      return Number(rows[0].idx_scan)
    }
    for (const index of ['user_by_username', 'user_by_name']) {
      const before = await scansOf(index)
      await expect.poll(() => scansOf(index), { timeout: 20_000, interval: 250 }).toBeGreaterThan(before)
    }
  })

  test.each([
    ['nothing', { query: '' }],
    ['white space', { query: ' \n ' }],
    ['65 characters', { query: 'a'.repeat(65) }],
    ['NUL', { query: 'a\0' }],
    ['half a surrogate pair', { query: 'a\ud800' }],
    ['an empty page', { query: 'ada', first: 0 }],
    ['a page of 101', { query: 'ada', first: 101 }],
    ['a cursor of another list', { query: 'ada', after: encodeCursor('user', newUuid()) }],
    ['a cursor that holds no username', { query: 'ada', after: encodeCursor('username', 'a\0') }],
    ['a cursor that is none', { query: 'ada', after: 'nonsense' }],
  ])('refuses %s', async (_what, args) => {
    expect((await askFor(args)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  })

  test('is UNAUTHENTICATED to somebody who is not signed in', async () => {
    const { errors } = await auth.client.query(SEARCH, { query: 'ada' })
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})

describe('userByUsername', () => {
  const ask = (username: string, accessToken?: string) =>
    auth.client.query<{ userByUsername: { username: string; email: string | null } | null }>(
      'query ($username: String!) { userByUsername(username: $username) { username email } }',
      { username },
      accessToken,
    )

  test('finds whatever the case, and shows what is theirs alone to nobody else', async () => {
    const moderator = await enterAs(auth, 'MODERATOR')
    for (const { tokens } of [viewer, moderator]) {
      expect(await ask('aDA', tokens.accessToken)).toEqual({
        data: { userByUsername: { username: 'Ada', email: null } },
      })
    }
    const { tokens } = await enterAs(auth, 'ADMIN')
    expect((await ask('ada', tokens.accessToken)).data?.userByUsername?.email).toContain('@')
  })

  test.each(['nobody', 'a', '', 'ada@example.com', 'ada\0', 'ada\ud800', 'a'.repeat(10_000)])(
    'is NOT_FOUND for %j',
    async (username) => {
      const { errors } = await ask(username, viewer.tokens.accessToken)
      expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
    },
  )

  test('is UNAUTHENTICATED to somebody who is not signed in', async () => {
    expect((await ask('ada')).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})
