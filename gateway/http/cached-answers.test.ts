import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'
import type { ToySubgraph } from '../testing/toy-subgraph.ts'

const BOTH = '{ review(id: "r1") { body author { name } } }'
const ORIGIN = 'https://app.example'

let toy: ToyGateway

beforeAll(async () => {
  toy = await startToyGateway({ ALLOWED_ORIGINS: ORIGIN })
})

afterEach(() => {
  for (const subgraph of [toy.graph.reviews, toy.graph.users]) subgraph.intercept = () => false
})

afterAll(() => toy[Symbol.asyncDispose]())

function says(subgraph: ToySubgraph, cacheControl: string): void {
  subgraph.intercept = (response) => {
    response.setHeader('Cache-Control', cacheControl)
    return false
  }
}

const headersOf = async (query: string, headers: Record<string, string> = {}) => {
  const answer = await toy.query(query, { headers })
  return { cacheControl: answer.headers.get('cache-control'), vary: answer.headers.get('vary') }
}

describe('an answer', () => {
  it('may be kept as long as the subgraphs say that theirs may, and by whom all of them say', async () => {
    says(toy.graph.reviews, 'max-age=60, public')
    says(toy.graph.users, 'max-age=30, public')
    expect(await headersOf(BOTH)).toMatchObject({ cacheControl: 'max-age=30, public' })
    expect(await headersOf('{ review(id: "r1") { body } }')).toMatchObject({ cacheControl: 'max-age=60, public' })
    says(toy.graph.users, 'max-age=90')
    expect(await headersOf(BOTH)).toMatchObject({ cacheControl: 'max-age=60, private' })
  })

  it('that anybody may keep depends on who asks, and from where', async () => {
    for (const subgraph of [toy.graph.reviews, toy.graph.users]) says(subgraph, 'max-age=60, public')
    const { cacheControl, vary } = await headersOf(BOTH, { origin: ORIGIN })
    expect(cacheControl).toBe('max-age=60, public')
    expect(vary?.toLowerCase().split(', ')).toEqual(expect.arrayContaining(['origin', 'authorization', 'accept']))
    const signedIn = await headersOf(BOTH, { authorization: 'Bearer a token' })
    expect(signedIn.cacheControl).toBe('max-age=60, private')
  })

  it('may not be kept when one subgraph says nothing, or no subgraph was asked', async () => {
    says(toy.graph.reviews, 'max-age=60, public')
    expect(await headersOf(BOTH)).toMatchObject({ cacheControl: 'no-store' })
    expect(await headersOf('{ __typename }')).toMatchObject({ cacheControl: 'no-store' })
  })

  it('may not be kept when it has errors, or is of a mutation', async () => {
    for (const subgraph of [toy.graph.reviews, toy.graph.users]) says(subgraph, 'max-age=60, public')
    expect(await headersOf('{ review(id: "r1") { author { email } } }')).toMatchObject({ cacheControl: 'no-store' })
    const { body } = await toy.query('mutation { addReview(body: "New") { id } }')
    expect(body.errors).toBeUndefined()
    expect(await headersOf('mutation { addReview(body: "New") { id } }')).toMatchObject({ cacheControl: 'no-store' })
  })
})
