import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const VIEWERS = 20

let toy: ToyGateway
let clients: SocketClient[]

beforeAll(async () => {
  toy = await startToyGateway()
  clients = await Promise.all(Array.from({ length: VIEWERS }, () => SocketClient.connect(toy.socketUrl)))
})

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await toy[Symbol.asyncDispose]()
})

beforeEach(() => {
  toy.graph.users.requests.length = 0
})

/** What each viewer gets of one event, and how often the other subgraph was asked for that. */
async function publishTo(id: string, query: string) {
  for (const client of clients) client.subscribe(id, query)
  await expect.poll(() => toy.graph.feed.watcherCount, { timeout: 5_000 }).toBe(VIEWERS)
  toy.graph.feed.publish({ id: 'a', body: 'Fine.', authorId: 'u1' })
  const frames = await Promise.all(clients.map((client) => client.next()))
  for (const client of clients) client.send({ type: 'complete', id })
  await expect.poll(() => toy.graph.feed.watcherCount, { timeout: 5_000 }).toBe(0)
  return { payloads: frames.map(({ payload }) => payload), fetches: toy.graph.users.requests.length }
}

describe('an event for many sockets', () => {
  it('is completed once when what another subgraph adds is the same for everybody', async () => {
    const { payloads, fetches } = await publishTo('shared', 'subscription { reviewAdded { id author { handle } } }')
    const payload = { data: { reviewAdded: { id: 'a', author: { handle: '@u1' } } } }
    expect(payloads).toEqual(clients.map(() => payload))
    expect(fetches).toBe(1)
  })

  it('is completed for each of them when that may differ', async () => {
    const { payloads, fetches } = await publishTo('alone', 'subscription { reviewAdded { author { handle name } } }')
    const payload = { data: { reviewAdded: { author: { handle: '@u1', name: 'Name of u1' } } } }
    expect(payloads).toEqual(clients.map(() => payload))
    expect(fetches).toBe(VIEWERS)
  })
})
