import { afterEach, beforeEach, expect, it } from 'vitest'
import type { GraphqlResult } from '../testing/graphql-result.ts'
import { ToyGraph } from '../testing/toy-graph.ts'
import { ToyStreams, take } from '../testing/toy-streams.ts'

const NUMBERS = 'subscription { logged { number } }'

let graph: ToyGraph
let toy: ToyStreams

beforeEach(async () => {
  graph = await new ToyGraph().start()
  toy = await ToyStreams.open([graph.reviews, graph.users])
})

afterEach(async () => {
  await toy[Symbol.asyncDispose]()
  await graph.stop()
})

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
const numbersOf = (results: GraphqlResult[]) =>
  results.map((result) => (result.data as { logged: { number: number } }).logged.number)

it('a client that is slower than a stream that cannot be resumed gets every event up to a point, then an error', async () => {
  const stream = toy.subscribe('subscription { reviewAdded { id } }')
  await expect.poll(() => graph.feed.watcherCount).toBe(1)
  for (const number of upTo(1_200)) graph.feed.publish({ id: String(number), body: 'Fine.', authorId: 'u1' })
  await expect.poll(() => graph.feed.watcherCount).toBe(0)
  const results = await take(stream, 1_200)
  expect(results.pop()?.errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_EXPENSIVE' } }])
  expect(results.map(({ data }) => data)).toEqual(
    upTo(1_000).map((number) => ({ reviewAdded: { id: String(number) } })),
  )
})

it('a client that is slower than a resumable stream gets everything, of which little waits at a time', async () => {
  const stream = toy.subscribe(NUMBERS)
  await expect.poll(() => graph.log.watcherCount).toBe(1)
  for (const number of upTo(3_000)) graph.log.append(`body ${number}`)
  await expect.poll(() => toy.subscriptions.counts.upstreamSubscriptions).toBe(0)
  await expect.poll(() => graph.log.watcherCount).toBe(0)
  expect(numbersOf(await take(stream, 3_000))).toEqual(upTo(3_000))
  const positions = graph.reviews.operations.map(({ variables }) => variables?.parley__after)
  expect(positions[1]).toBe(500)
  expect(toy.subscriptions.counts.reconnections).toBe(0)
})

it('five hundred streams that lose their subgraph at once come back over one connection, without loss or doubles', async () => {
  const streams = upTo(500).map(() => toy.subscribe(NUMBERS))
  await expect.poll(() => graph.log.watcherCount).toBe(500)
  graph.log.append('before')
  await graph.reviews.stop()
  graph.log.append('meanwhile')
  await graph.reviews.start()
  await expect.poll(() => graph.log.watcherCount).toBe(500)
  graph.log.append('after')
  for (const stream of streams) expect(numbersOf(await take(stream, 3))).toEqual([1, 2, 3])
  expect(new Set(graph.reviews.operationSockets)).toEqual(new Set([1, 2]))
  expect(toy.subscriptions.counts).toEqual({ streams: 500, upstreamSubscriptions: 500, reconnections: 500 })
})
