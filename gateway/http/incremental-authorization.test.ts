import { expect, it } from 'vitest'
import { GuardedToy } from '../authorization/testing/guarded-toy.ts'
import { DEFER_2022, MultipartClient } from '../testing/multipart-client.ts'

const QUERY = `{
  open
  reviews { id ... @defer(label: "review") { note author { name ... @defer(label: "author") { email } } } }
  media { id ... @defer(label: "media") { title } }
  ... @defer(label: "mine") { mine }
  ... @defer(label: "strict") { strict }
}`

interface Told {
  readonly label?: string
  readonly path: (string | number)[]
  readonly data: unknown
  readonly errors?: { readonly path: unknown; readonly extensions: { readonly code: string } }[]
}

/** The first piece, and of every part its data with the paths of what was denied. */
async function answer(toy: GuardedToy, scope?: string) {
  const headers = scope === undefined ? {} : { authorization: toy.bearer(scope) }
  const client = await MultipartClient.open(DEFER_2022, toy.url, { query: QUERY }, headers)
  const first = await client.next()
  const told: Record<string, unknown> = {}
  for (let piece = await client.next(); piece; piece = await client.next()) {
    for (const { label, path, data, errors = [] } of piece.incremental as Told[]) {
      expect(errors.every(({ extensions }) => extensions.code === 'UNAUTHORIZED_FIELD_OR_TYPE')).toBe(true)
      told[[label, ...path].join(' ')] = [data, ...errors.map((error) => (error.path as string[]).join('.'))]
    }
  }
  return { first, told }
}

it('tells of what a viewer may not see with the part that it would be in, and never fetches it', async () => {
  await using toy = await GuardedToy.start()
  const { first, told } = await answer(toy)
  expect(first).toEqual({
    errors: [expect.objectContaining({ path: ['media', 2] })],
    data: { open: 'open', reviews: [{ id: 'r1' }, { id: 'r2' }], media: [{ id: 'Book' }, { id: 'Film' }, null] },
    hasNext: true,
  })
  const reviewOf = (number: number) => ({ note: null, author: { name: `Name of author of r${number}` } })
  expect(told).toEqual({
    'review reviews 0': [reviewOf(1), 'reviews.0.note'],
    'review reviews 1': [reviewOf(2), 'reviews.1.note'],
    'author reviews 0 author': [{ email: null }, 'reviews.0.author.email'],
    'author reviews 1 author': [{ email: null }, 'reviews.1.author.email'],
    'media media 0': [{ title: null }, 'media.0.title'],
    'media media 1': [{ title: 'A Film' }],
    mine: [{ mine: null }, 'mine'],
    strict: [null, 'strict'],
  })
  expect(toy.fetches().join()).not.toMatch(/note|email|mine|strict/)
})

it('tells it to those who may see it', async () => {
  await using toy = await GuardedToy.start()
  const { first, told } = await answer(toy, 'email')
  expect(first).toMatchObject({ data: { open: 'open' } })
  expect(told).toMatchObject({
    'author reviews 0 author': [{ email: 'Email of author of r1' }],
    'media media 0': [{ title: 'A Book' }],
    mine: [{ mine: 'mine' }],
    strict: [{ strict: 'strict' }],
  })
})
