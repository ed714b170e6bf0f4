import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Alteration, alteredSdl, replaceSupergraph } from './testing/altered-graph.ts'
import { EventReader } from './testing/event-reader.ts'
import { gaugeOf } from './testing/gauges.ts'
import { SocketClient } from './testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from './testing/start-toy-gateway.ts'

const ADDED = 'subscription { reviewAdded { id author { name } } }'
const WITHOUT_EMAIL: Alteration = { replace: ['email: String', ''] }
const RELOADED = {
  type: 'next',
  id: '1',
  payload: {
    errors: [
      {
        message: 'The graph has changed, and with it this subscription: subscribe again.',
        extensions: { code: 'SUBSCRIPTION_SCHEMA_RELOAD', requestId: expect.any(String) },
      },
    ],
  },
}

let toy: ToyGateway
let client: SocketClient

beforeEach(async () => {
  toy = await startToyGateway()
  client = await SocketClient.connect(toy.socketUrl)
})

afterEach(async () => {
  await client.close()
  await toy[Symbol.asyncDispose]()
})

async function serve(alterations: Parameters<typeof alteredSdl>[1]) {
  await replaceSupergraph(toy, alteredSdl(toy, alterations))
  await toy.gateway.reload()
}

async function subscribe(query = ADDED, variables?: object) {
  const before = toy.graph.feed.watcherCount
  client.subscribe('1', query, variables)
  await expect.poll(() => toy.graph.feed.watcherCount).toBe(before + 1)
}

function publish(id: string, body = `Body of ${id}`) {
  toy.graph.feed.publish({ id, body, authorId: 'u1' })
}

const eventOf = (id: string) => ({
  type: 'next',
  id: '1',
  payload: { data: { reviewAdded: { id, author: { name: 'Name of u1' } } } },
})

/** The same subgraph, by another address. */
function moved(name: 'users' | 'reviews' = 'users'): string {
  return `${toy.graph[name].url}?moved`
}

describe('a subscription while the supergraph is replaced', () => {
  it('goes on without noticing when it is planned as before', async () => {
    await subscribe()
    publish('a')
    expect(await client.next()).toEqual(eventOf('a'))
    await serve({ users: WITHOUT_EMAIL })
    await serve({})
    publish('b')
    expect(await client.next()).toEqual(eventOf('b'))
    expect([toy.graph.reviews.operations.length, toy.graph.reviews.socketCount]).toEqual([1, 1])
    expect(await gaugeOf(toy.url, 'parley_gateway_upstream_reconnections_total')).toBe(0)
  })

  it('loses no event that comes, waits or is being completed meanwhile', async () => {
    await subscribe()
    const ids = Array.from({ length: 60 }, (_, index) => `event ${index}`)
    const reload = async () => {
      for (const users of [WITHOUT_EMAIL, { url: moved() }, {}, { url: moved() }]) await serve({ users })
    }
    const publishAll = async () => {
      for (const id of ids) {
        publish(id)
        await toy.query('{ user(id: "u1") { name } }')
      }
    }
    await Promise.all([reload(), publishAll()])
    for (const id of ids) expect(await client.next()).toEqual(eventOf(id))
  })

  it('is completed on the new supergraph: by subgraphs where they are now, and shown by its types', async () => {
    await subscribe()
    const publishByNobody = () => toy.graph.feed.publish({ id: 'a', body: '', authorId: 'nobody' })
    publishByNobody()
    expect((await client.next()).payload?.data).toEqual({ reviewAdded: { id: 'a', author: null } })
    await serve({ users: { url: moved(), replace: ['name: String!', 'name: String'] } })
    publishByNobody()
    expect((await client.next()).payload?.data).toEqual({ reviewAdded: { id: 'a', author: { name: null } } })
    expect(toy.graph.users.requests.map(({ path }) => path)).toEqual(['/graphql', '/graphql?moved'])
    expect(toy.graph.reviews.operations).toHaveLength(1)
  })

  it.each([
    ['a field of it is gone', ADDED, { users: { replace: ['name: String!', 'called: String!'] } }],
    ['a subgraph that completes it is another one', ADDED, { users: { name: 'people' } }],
    [
      'a variable of it does not fit any more',
      'subscription ($p: ID!) { reviewAdded(product: $p) { id author { name } } }',
      { reviews: { replace: ['reviewAdded(product: ID,', 'reviewAdded(product: Int,'] } },
    ],
    ['the field that it reads is the same, but comes from elsewhere', ADDED, { reviews: { name: 'opinions' } }],
  ] as const)(
    'ends with SUBSCRIPTION_SCHEMA_RELOAD when %s, and its socket stays',
    async (_why, query, alterations) => {
      await subscribe(query, { p: 'p1' })
      await serve(alterations)
      expect(await client.next()).toEqual(RELOADED)
      expect(await client.next()).toEqual({ type: 'complete', id: '1' })
      await expect.poll(() => toy.graph.feed.watcherCount).toBe(0)
      client.subscribe('1', '{ reviews { id } }')
      expect(await client.next()).toMatchObject({ payload: { data: { reviews: [{ id: 'r1' }, { id: 'r2' }] } } })
    },
  )

  it('ends in the same way over server-sent events', async () => {
    const reader = await EventReader.open(toy.url, ADDED)
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(1)
    await serve({ users: { name: 'people' } })
    expect((await reader.rest()).join()).toContain('SUBSCRIPTION_SCHEMA_RELOAD')
  })

  it('goes on at the new address of its subgraph when it is resumable, without loss and without doubles', async () => {
    client.subscribe('1', 'subscription { logged { number author { name } } }')
    await expect.poll(() => toy.graph.log.watcherCount).toBe(1)
    toy.graph.log.append('first')
    const numberOf = async () => (await client.next()).payload?.data
    expect(await numberOf()).toEqual({ logged: { number: 1, author: { name: 'Name of u1' } } })
    await serve({ reviews: { url: moved('reviews') } })
    for (let number = 2; number <= 5; number += 1) toy.graph.log.append(`entry ${number}`)
    for (let number = 2; number <= 5; number += 1) expect(await numberOf()).toMatchObject({ logged: { number } })
    await expect.poll(() => toy.graph.reviews.socketCount).toBe(1)
    expect(toy.graph.reviews.operationSockets).toEqual([1, 2])
  })

  it('begins anew at the new address when it is replayable, and ends when nothing tells how it would go on', async () => {
    toy.graph.log.append('first')
    client.subscribe('1', 'subscription { reviewAdded { id } }')
    client.subscribe('2', 'subscription { latest { number } }')
    expect(await client.next()).toMatchObject({ id: '2', payload: { data: { latest: { number: 1 } } } })
    await serve({ reviews: { url: moved('reviews') } })
    expect(await client.next()).toEqual(RELOADED)
    expect(await client.next()).toEqual({ type: 'complete', id: '1' })
    expect(await client.next()).toMatchObject({ id: '2', payload: { data: { latest: { number: 1 } } } })
  })

  it('goes on for all who ask the same, whatever their variables', async () => {
    const query = 'subscription ($p: ID!) { reviewAdded(product: $p) { id author { name } } }'
    await subscribe(query, { p: 'p1' })
    client.subscribe('2', query, { p: 'p2' })
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(2)
    await serve({ users: WITHOUT_EMAIL })
    publish('a')
    const ids = [(await client.next()).id, (await client.next()).id]
    expect(ids.sort()).toEqual(['1', '2'])
  })
})
