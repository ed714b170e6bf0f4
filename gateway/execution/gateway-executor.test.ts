import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const REVIEW = 'query($id: ID!) { review(id: $id) { id author { name } } }'
const ID = { variables: { id: 'r1' } }

let toy: ToyGateway

beforeAll(async () => {
  toy = await startToyGateway()
})

afterAll(() => toy[Symbol.asyncDispose]())

beforeEach(() => {
  toy.graph.reviews.requests.length = 0
})

describe('an operation of a client', () => {
  it('is not begun with variables that do not fit it', async () => {
    const { status, body } = await toy.query(REVIEW)
    expect([status, body.data]).toEqual([400, undefined])
    expect(body.errors).toMatchObject([
      {
        message: 'Variable "$id" of required type "ID!" was not provided.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ])
    expect(toy.graph.reviews.requests).toEqual([])
  })

  it('may ask about the schema beside its data', async () => {
    const { body } = await toy.query(
      'query($id: ID!) { ...R s: __schema { queryType { name } } } fragment R on Query { review(id: $id) { id } }',
      ID,
    )
    expect(body).toEqual({ data: { review: { id: 'r1' }, s: { queryType: { name: 'Query' } } } })
  })

  it('is refused with a condition that is null, before anything is asked', async () => {
    const source = 'query($on: Boolean = true) { review(id: "r1") { id @include(if: $on) } }'
    const { status, body } = await toy.query(source, { variables: { on: null } })
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    expect(toy.graph.reviews.requests).toEqual([])
  })
})

describe('the query plan', () => {
  const WANTED = { 'apollo-query-plan-experimental': '1' }
  const format = (value: string) => ({ ...WANTED, 'apollo-query-plan-experimental-format': value })

  async function planIn(gateway: ToyGateway, headers: Record<string, string>, query = REVIEW): Promise<unknown> {
    const { body } = await gateway.query(query, { ...ID, headers })
    return (body as { extensions?: { __queryPlanExperimental?: unknown } }).extensions?.__queryPlanExperimental
  }

  it('is told to the explorer that asks for it, in the form it asks for', async () => {
    expect(await planIn(toy, WANTED)).toMatch(/^QueryPlan \{.*Fetch\(service: "reviews"\).*Flatten/s)
    expect(await planIn(toy, format('internal'))).toMatchObject({ kind: 'QueryPlan', node: { kind: 'Sequence' } })
    expect(await planIn(toy, format('none'))).toBe(true)
    expect(await planIn(toy, WANTED, '{ __typename }')).toBe(true)
    expect(await planIn(toy, {})).toBeUndefined()
  })

  it('is not told in production', async () => {
    const production = await startToyGateway({ NODE_ENV: 'production' })
    expect(await planIn(production, WANTED)).toBeUndefined()
    await production[Symbol.asyncDispose]()
  })
})
