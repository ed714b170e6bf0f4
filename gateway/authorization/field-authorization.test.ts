import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { GuardedToy } from './testing/guarded-toy.ts'

let toy: GuardedToy
let granted: ReadonlySet<string>

beforeAll(async () => {
  toy = await GuardedToy.start({ policies: () => granted })
})

beforeEach(() => {
  granted = new Set()
  toy.fetches()
})

afterAll(() => toy[Symbol.asyncDispose]())

/** The errors of fields that may not be seen, at these paths and in this order. */
const deniedAt = (...paths: (string | number)[][]) =>
  paths.map((path) => ({
    message: 'You may not see this: sign in with the rights for it, or leave it out.',
    path,
    extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE', requestId: expect.any(String) },
  }))

describe('an operation that meets rules', () => {
  const query = '{ open mine reviews { id note author { name email phone } } }'
  const person = (number: number, rest: object) => ({ name: `Name of author of r${number}`, ...rest })
  const review = (number: number, note: string | null, rest: object) => ({
    id: `r${number}`,
    note,
    author: person(number, rest),
  })
  const email = (number: number) => `Email of author of r${number}`
  const phone = (number: number) => `Phone of author of r${number}`
  const inBoth = (path: (string | number)[]) => [0, 1].map((index) => ['reviews', index, ...path])

  it('answers somebody anonymous with what is open, and says where the rest would be', async () => {
    expect(await toy.query(query)).toEqual({
      errors: deniedAt(
        ['mine'],
        ...[0, 1].flatMap((index) => [
          ['reviews', index, 'note'],
          ['reviews', index, 'author', 'email'],
          ['reviews', index, 'author', 'phone'],
        ]),
      ),
      data: {
        open: 'open',
        mine: null,
        reviews: [review(1, null, { email: null, phone: null }), review(2, null, { email: null, phone: null })],
      },
    })
    const [reviews, people, ...others] = toy.fetches()
    expect(others).toEqual([])
    expect(reviews).not.toMatch(/mine|note/)
    expect(people).toMatch(/name/)
    expect(people).not.toMatch(/email|phone/)
  })

  it('answers somebody signed in with what that is enough for', async () => {
    expect(await toy.query(query, '')).toEqual({
      errors: deniedAt(
        ...[0, 1].flatMap((index) => [
          ['reviews', index, 'author', 'email'],
          ['reviews', index, 'author', 'phone'],
        ]),
      ),
      data: {
        open: 'open',
        mine: 'mine',
        reviews: [1, 2].map((number) => review(number, `Note of r${number}`, { email: null, phone: null })),
      },
    })
    expect(toy.fetches().join()).not.toMatch(/email|phone/)
  })

  it('answers somebody with one scope with what that is enough for', async () => {
    expect(await toy.query(query, 'email')).toEqual({
      errors: deniedAt(...inBoth(['author', 'phone'])),
      data: {
        open: 'open',
        mine: 'mine',
        reviews: [1, 2].map((number) => review(number, `Note of r${number}`, { email: email(number), phone: null })),
      },
    })
    expect(toy.fetches().join()).not.toMatch(/phone/)
  })

  it.each(['email phone', 'email admin'])('answers somebody with the scopes %s with all of it', async (scopes) => {
    expect(await toy.query(query, scopes)).toEqual({
      data: {
        open: 'open',
        mine: 'mine',
        reviews: [1, 2].map((number) =>
          review(number, `Note of r${number}`, { email: email(number), phone: phone(number) }),
        ),
      },
    })
  })
})

describe('what may not be seen', () => {
  it.each<[what: string, query: string, data: unknown, paths: (string | number)[][], fetches: number]>([
    [
      'is fetched from nobody when it is all of it',
      '{ mine a: mine judged }',
      { mine: null, a: null, judged: null },
      [['mine'], ['a'], ['judged']],
      0,
    ],
    [
      'makes its parent null where it must not be null',
      '{ open reviews { id draft } }',
      { open: 'open', reviews: null },
      [
        ['reviews', 0, 'draft'],
        ['reviews', 1, 'draft'],
      ],
      1,
    ],
    ['makes all data null where nothing above may be', '{ open strict }', null, [['strict']], 1],
    ['is told where an object is null', '{ nobody { id note } }', { nobody: null }, [['nobody']], 1],
    ['is told once for a null object', '{ nobody { note draft author { email } } }', { nobody: null }, [['nobody']], 1],
    [
      'is told where an object further up is null',
      '{ nobody { more { more { note } } } }',
      { nobody: null },
      [['nobody']],
      1,
    ],
    ['is told where a list has no elements', '{ none { note } }', { none: [] }, [['none']], 1],
    [
      'has the indices of all lists in its path',
      '{ pair { note } }',
      { pair: [[{ note: null }, null], []] },
      [['pair', 0, 0, 'note']],
      1,
    ],
    ['is an enum or a scalar', '{ at mood open }', { at: null, mood: null, open: 'open' }, [['at'], ['mood']], 1],
    ['is not there at all when the client leaves it out', '{ open mine @skip(if: true) }', { open: 'open' }, [], 1],
    [
      'does not hinder what is asked of the schema',
      '{ mine __type(name: "Book") { name } __typename }',
      { mine: null, __type: { name: 'Book' }, __typename: 'Query' },
      [['mine']],
      0,
    ],
  ])('%s', async (_what, query, data, paths, fetches) => {
    expect(await toy.query(query)).toEqual({ data, ...(paths.length > 0 && { errors: deniedAt(...paths) }) })
    expect(toy.fetches()).toHaveLength(fetches)
  })

  it('follows the variables of the request that leave it out', async () => {
    const query = 'query ($with: Boolean!) { open mine @include(if: $with) nobody { note @include(if: $with) } }'
    expect(await toy.query(query, undefined, { with: false })).toEqual({ data: { open: 'open', nobody: null } })
    expect(await toy.query(query, undefined, { with: true })).toEqual({
      errors: deniedAt(['mine'], ['nobody']),
      data: { open: 'open', mine: null, nobody: null },
    })
  })

  it('is told in at most 100 errors', async () => {
    const { errors } = await toy.query('{ many { note } }')
    expect(errors).toHaveLength(100)
  })
})

describe('of objects of several types', () => {
  it('those are asked for a field of which they may be seen', async () => {
    expect(await toy.query('{ media { __typename id title } }')).toEqual({
      errors: deniedAt(['media', 0, 'title'], ['media', 2]),
      data: {
        media: [
          { __typename: 'Book', id: 'Book', title: null },
          { __typename: 'Film', id: 'Film', title: 'A Film' },
          null,
        ],
      },
    })
    expect(toy.fetches()).toEqual([expect.not.stringMatching(/\.\.\. ?on Diary/)])
    expect(await toy.query('{ media { title } }', 'diary')).toEqual({
      data: { media: [{ title: 'A Book' }, { title: 'A Film' }, { title: 'A Diary' }] },
    })
  })

  it('those are null that may not be seen, with their lists where they must not be', async () => {
    expect(
      await toy.query('{ media { id } hits { ... on Film { id } ... on Diary { id } } strictHits { id } }', ''),
    ).toEqual({
      errors: deniedAt(['media', 2], ['hits', 1], ['strictHits', 2]),
      data: { media: [{ id: 'Book' }, { id: 'Film' }, null], hits: null, strictHits: null },
    })
  })
})

describe('a mutation', () => {
  const WRITE = 'mutation ($text: String) { before: look write(text: $text) after: look }'

  it('runs those of its fields that the client may, and not the others', async () => {
    expect(await toy.query(WRITE, 'draft', { text: 'x' })).toEqual({
      errors: deniedAt(['write']),
      data: { before: 'looked', write: null, after: 'looked' },
    })
    expect(toy.fetches().join()).not.toMatch(/write|text/)
    expect(await toy.query(WRITE, 'write', { text: 'x' })).toEqual({
      data: { before: 'looked', write: 'wrote x', after: 'looked' },
    })
  })

  it('is not run at all when the client may run nothing of it', async () => {
    expect(await toy.query('mutation { write(text: "x") }', '')).toEqual({
      errors: deniedAt(['write']),
      data: { write: null },
    })
    expect(toy.fetches()).toEqual([])
  })
})

describe('a policy', () => {
  it('is granted at the moment of the request, whoever asks', async () => {
    const query = '{ judged }'
    expect(await toy.query(query, 'judge')).toEqual({ errors: deniedAt(['judged']), data: { judged: null } })
    granted = new Set(['judge'])
    expect(await toy.query(query)).toEqual({ data: { judged: 'judged' } })
    granted = new Set()
    expect(await toy.query(query)).toEqual({ errors: deniedAt(['judged']), data: { judged: null } })
  })
})
