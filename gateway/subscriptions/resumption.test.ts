import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GraphqlResult } from '../testing/graphql-result.ts'
import { ToyGraph } from '../testing/toy-graph.ts'
import type { ToyLog } from '../testing/toy-log.ts'
import { ToyStreams, take } from '../testing/toy-streams.ts'
import type { SubscriptionStream } from './subscription-stream.ts'
import type { SubscriptionOverrides } from './subscriptions.ts'

const NUMBERS = 'subscription { logged { number } }'

let graph: ToyGraph
let log: ToyLog
let toy: ToyStreams

beforeEach(async () => {
  graph = await new ToyGraph().start()
  log = graph.log
  toy = await openToy()
})

afterEach(async () => {
  await toy[Symbol.asyncDispose]()
  await graph.stop()
})

function openToy(overrides?: SubscriptionOverrides) {
  return ToyStreams.open([graph.reviews, graph.users], overrides)
}

function watcherCountIs(count: number) {
  return expect.poll(() => log.watcherCount).toBe(count)
}

/** Opens a stream and waits until its subgraph serves it. */
async function subscribe(...args: Parameters<ToyStreams['subscribe']>): Promise<SubscriptionStream> {
  const before = log.watcherCount
  const stream = toy.subscribe(...args)
  await watcherCountIs(before + 1)
  return stream
}

function append(...bodies: string[]): void {
  for (const body of bodies) log.append(body)
}

/** Stops the subgraph, as a crash would, has things happen meanwhile, and starts it on the same port. */
async function whileAway(happen: () => void): Promise<void> {
  await graph.reviews.stop()
  happen()
  await graph.reviews.start()
}

const data = (results: GraphqlResult[]) => results.map((result) => result.data)
const errors = (code: string) => [{ errors: [{ extensions: { code } }] }]
const numbersOf = (results: GraphqlResult[]) =>
  results.map((result) => (result.data as { logged: { number: number } }).logged.number)

describe('a resumable stream whose subgraph is killed and started again', () => {
  const AUTHOR = { __typename: 'User' }
  const full = (number: number, body: string) => ({ number, body, author: { name: `Name of u${number}` } })

  it.each<[how: string, query: string, variables: object, field: string, expected: (n: number, b: string) => object]>([
    ['from now on', '{ logged { number body author { name } } }', {}, 'logged', full],
    ['after a literal', '{ logged(after: 2) { number body author { name } } }', {}, 'logged', full],
    ['after null', '{ logged(after: null, tag: "t") { number body author { name } } }', {}, 'logged', full],
    [
      'after a variable',
      'W($a: Int, $t: String) { logged(after: $a, tag: $t) { body } }',
      { a: 2 },
      'logged',
      (_, body) => ({ body }),
    ],
    [
      'after a variable that is absent',
      'W($a: Int) { logged(after: $a) { body } }',
      {},
      'logged',
      (_, body) => ({ body }),
    ],
    [
      'after the default of a variable',
      'W($a: Int = 2) { logged(after: $a) { body } }',
      {},
      'logged',
      (_, body) => ({ body }),
    ],
    [
      'without its position',
      '{ logged { author { name } } }',
      {},
      'logged',
      (n) => ({ author: { name: `Name of u${n}` } }),
    ],
    ['under an alias', '{ entry: logged { n: number } }', {}, 'entry', (n) => ({ n })],
    [
      'with fragments',
      '{ ...Root } fragment Root on Subscription { logged { ...A ...B } } fragment A on Entry { body } fragment B on Entry { ...A number }',
      {},
      'logged',
      (number, body) => ({ body, number }),
    ],
    [
      'under conditions',
      'W($yes: Boolean!, $no: Boolean!) { logged @include(if: true) { number @include(if: $no) body @skip(if: $no) author @include(if: $yes) { name } } }',
      { yes: true, no: false },
      'logged',
      (n, body) => ({ body, author: { name: `Name of u${n}` } }),
    ],
    [
      'with names that are taken',
      'W($parley__after: String) { logged(tag: $parley__after) { parley__position: body } }',
      { parley__after: 'x' },
      'logged',
      (_, body) => ({ parley__position: body }),
    ],
    [
      'of an interface',
      '{ happened { __typename ... on Written { entry { body author { __typename } } } } }',
      {},
      'happened',
      (_, body) => ({ __typename: 'Written', entry: { body, author: AUTHOR } }),
    ],
    ['of an interface, by its position', '{ happened { at: place } }', {}, 'happened', (n) => ({ at: `p${n}` })],
  ])('goes on without loss and without doubles: %s', async (_how, query, variables, field, expected) => {
    append('one', 'two')
    const stream = await subscribe(`subscription ${query}`, { ...variables })
    append('three', 'four')
    const before = await take(stream, 2)
    await whileAway(() => append('five', 'six'))
    await watcherCountIs(1)
    append('seven')
    expect(data([...before, ...(await take(stream, 3))])).toEqual(
      ['three', 'four', 'five', 'six', 'seven'].map((body, index) => ({ [field]: expected(index + 3, body) })),
    )
    expect(toy.subscriptions.counts).toEqual({ streams: 1, upstreamSubscriptions: 1, reconnections: 1 })
  })

  it('is one of several operations of its document', async () => {
    const stream = await subscribe('subscription A { latest { number } } subscription B { logged { number } }', {}, 'B')
    await whileAway(() => append('one'))
    expect(numbersOf(await take(stream, 1))).toEqual([1])
  })

  it('goes on when nothing had happened yet: the subgraph has said where it begins', async () => {
    append('before')
    const stream = await subscribe(NUMBERS)
    await whileAway(() => append('meanwhile'))
    expect(numbersOf(await take(stream, 1))).toEqual([2])
    expect(graph.reviews.operations.at(-1)?.variables).toEqual({ parley__after: 1 })
  })

  it('goes on behind what was waiting for its client', async () => {
    const stream = await subscribe(NUMBERS)
    append('one', 'two', 'three')
    await whileAway(() => append('four'))
    await watcherCountIs(1)
    expect(numbersOf(await take(stream, 4))).toEqual([1, 2, 3, 4])
  })

  it('is not taken back by events that have no position', async () => {
    const stream = await subscribe(
      'subscription { happened { ... on Aside { aside } ... on Written { entry { number } } } }',
    )
    append('one')
    log.sayAside('by the way')
    await take(stream, 2)
    await whileAway(() => append('two'))
    expect(data(await take(stream, 1))).toEqual([{ happened: { entry: { number: 2 } } }])
  })

  it('is opened again as its client is then, and says that it is', async () => {
    toy.client = { ...toy.client, authorization: 'Bearer first' }
    const stream = await subscribe(NUMBERS)
    toy.client = { ...toy.client, authorization: 'Bearer second' }
    await whileAway(() => append('one'))
    await take(stream, 1)
    expect(graph.reviews.operations.map(({ extensions }) => extensions)).toMatchObject([
      { authorization: 'Bearer first', resume: { positions: true, resumed: false } },
      { authorization: 'Bearer second', resume: { positions: true, resumed: true } },
    ])
  })

  it('hands on an event with errors and data, and the position it carries', async () => {
    const stream = await subscribe('subscription { logged { number author { email } } }')
    append('one')
    expect(await take(stream, 1)).toMatchObject([
      { data: { logged: { number: 1, author: { email: null } } }, errors: [{ extensions: { code: 'FORBIDDEN' } }] },
    ])
    await whileAway(() => append('two'))
    expect(await take(stream, 1)).toMatchObject([{ data: { logged: { number: 2 } } }])
  })
})

describe('a resumable stream', () => {
  it.each(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT', 'RATE_LIMITED'])(
    'ends at once when it is refused with %s while it is opened again',
    async (code) => {
      const stream = await subscribe(NUMBERS)
      append('one')
      expect(numbersOf(await take(stream, 1))).toEqual([1])
      log.refusals.push(code)
      graph.reviews.cutSockets()
      expect(await take(stream, 2)).toMatchObject(errors(code))
      expect(toy.subscriptions.counts.streams).toBe(0)
    },
  )

  it.each(['SUBGRAPH_UNAVAILABLE', 'INTERNAL_SERVER_ERROR'])(
    'goes on when the database of its subgraph was away: %s',
    async (code) => {
      log.refusals.push(code)
      const stream = toy.subscribe(NUMBERS)
      await watcherCountIs(1)
      append('one')
      await take(stream, 1)
      log.failures.set(2, [code, code])
      append('two')
      expect(numbersOf(await take(stream, 1))).toEqual([2])
    },
  )

  it('hands on an event that fails for ever, and goes on', async () => {
    const stream = await subscribe(NUMBERS)
    append('one')
    await take(stream, 1)
    log.failures.set(2, Array<string>(4).fill('INTERNAL_SERVER_ERROR'))
    append('two', 'three')
    const [failed, next] = await take(stream, 2)
    expect(failed).toMatchObject({ data: null, errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] })
    expect(next).toEqual({ data: { logged: { number: 3 } } })
  })

  it('waits for a subgraph that is not there yet', async () => {
    await graph.reviews.stop()
    const stream = toy.subscribe('subscription { logged(after: 0) { number } }')
    const first = take(stream, 1)
    await expect.poll(() => toy.logs.messages('warn')).toEqual(['lost a subgraph socket'])
    await graph.reviews.start()
    append('one')
    expect(numbersOf(await first)).toEqual([1])
  })

  it('completes when its subgraph has no more events', async () => {
    const stream = await subscribe(NUMBERS)
    append('one')
    log.complete()
    expect(numbersOf(await take(stream, 2))).toEqual([1])
  })

  it('goes on over a new connection when its subgraph drains, and the old one is closed', async () => {
    const [first, second] = [await subscribe(NUMBERS), await subscribe('subscription { happened { place } }')]
    append('one')
    graph.reviews.drain(100)
    await expect.poll(() => graph.reviews.operationSockets).toEqual([1, 1, 2, 2])
    append('two')
    expect(numbersOf(await take(first, 2))).toEqual([1, 2])
    expect(data(await take(second, 2))).toEqual([{ happened: { place: 'p1' } }, { happened: { place: 'p2' } }])
    await expect.poll(() => graph.reviews.socketCount).toBe(1)
  })

  it('lets go of everything when it is left while it waits to be opened again', async () => {
    const [left, other] = [await subscribe(NUMBERS), await subscribe(NUMBERS)]
    await graph.reviews.stop()
    await expect.poll(() => toy.logs.messages('warn')).toEqual(['lost a subgraph socket'])
    await left.return()
    await graph.reviews.start()
    append('one')
    await take(other, 1)
    expect(log.watcherCount).toBe(1)
    expect(toy.subscriptions.counts).toMatchObject({ streams: 1, upstreamSubscriptions: 1, reconnections: 1 })
  })
})

describe('a stream whose subgraph stays away', () => {
  it.each([
    ['has been open', true, 2_000],
    ['has never been open', false, 300],
  ])('ends with SUBGRAPH_UNAVAILABLE when patience is at an end: it %s', async (_what, wasOpen, lostMs) => {
    await toy[Symbol.asyncDispose]()
    toy = await openToy({ patience: { openingMs: 300, lostMs } })
    if (!wasOpen) await graph.reviews.stop()
    const stream = wasOpen ? await subscribe(NUMBERS) : toy.subscribe(NUMBERS)
    const since = performance.now()
    await graph.reviews.stop()
    expect(await take(stream, 2)).toMatchObject(errors('SUBGRAPH_UNAVAILABLE'))
    expect(performance.now() - since).toBeGreaterThan(wasOpen ? 1_900 : 290)
  })

  it('ends at once with the gateway', async () => {
    const stream = await subscribe(NUMBERS)
    await graph.reviews.stop()
    toy.subscriptions.close()
    expect(await take(stream, 2)).toMatchObject(errors('SUBGRAPH_UNAVAILABLE'))
  })
})

describe('a replayable stream', () => {
  const LATEST = 'subscription { latest { body } }'
  const latest = (body: string) => ({ data: { latest: { body } } })

  it('is opened again as it was, and says that it is', async () => {
    append('one')
    const stream = await subscribe(LATEST)
    expect(await take(stream, 1)).toEqual([latest('one')])
    await whileAway(() => append('two', 'three'))
    expect(await take(stream, 1)).toEqual([latest('three')])
    expect(graph.reviews.operations).toMatchObject([
      { query: graph.reviews.operations[1]?.query, extensions: { resume: { resumed: false } } },
      { extensions: { resume: { resumed: true } } },
    ])
  })

  it('goes on over a new connection when its subgraph drains', async () => {
    const stream = await subscribe(LATEST)
    graph.reviews.drain(50)
    await expect.poll(() => graph.reviews.operationSockets).toEqual([1, 2])
    await watcherCountIs(1)
    append('one')
    expect(await take(stream, 1)).toEqual([latest('one')])
  })

  it('forgets what waits when its client is slow, and begins anew when that reads again', async () => {
    const stream = await subscribe(LATEST)
    append(...Array.from({ length: 1_300 }, (_, index) => `body ${index}`))
    await watcherCountIs(0)
    append('last')
    expect(await take(stream, 1)).toEqual([latest('last')])
  })
})

it('a stream that can be neither resumed nor replayed ends with an error when its subgraph drains', async () => {
  const stream = toy.subscribe('subscription { reviewAdded { id } }')
  await expect.poll(() => graph.feed.watcherCount).toBe(1)
  graph.reviews.drain(1_000)
  expect(await take(stream, 2)).toMatchObject(errors('SUBGRAPH_UNAVAILABLE'))
})
