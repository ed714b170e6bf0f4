import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../platform/ids.ts'
import { EventReader } from '../testing/event-reader.ts'
import { type Frame, SocketClient } from '../testing/socket-client.ts'
import { GuardedToy } from './testing/guarded-toy.ts'

const SAID = 'subscription { said { id note author { name email } } }'

let toy: GuardedToy
let clients: SocketClient[]

beforeEach(async () => {
  clients = []
  toy = await GuardedToy.start()
})

afterEach(async () => {
  for (const client of clients) client.socket.terminate()
  await toy[Symbol.asyncDispose]()
})

/** @param authorization undefined: anonymous. */
async function connect(authorization?: string): Promise<SocketClient> {
  const client = await SocketClient.connect(toy.socketUrl, authorization === undefined ? {} : { authorization })
  clients.push(client)
  return client
}

async function subscribe(client: SocketClient, query: string): Promise<void> {
  const before = toy.feed.watcherCount
  client.subscribe('1', query)
  await vi.waitFor(() => expect(toy.feed.watcherCount).toBe(before + 1), 5_000)
}

/** Another token of one session, good for longer than those before. */
class Session {
  readonly #ids = { userId: newUuid(), sessionId: newUuid() }
  #seconds = 600

  bearer(scope: string): string {
    this.#seconds += 100
    return toy.bearer(scope, { ...this.#ids, expiresInSeconds: this.#seconds })
  }

  async renew(client: SocketClient, scope: string): Promise<void> {
    client.ping({ authorization: this.bearer(scope) })
    expect(await client.next()).toMatchObject({ type: 'pong', payload: { renewed: true } })
  }
}

async function nextAfter(client: SocketClient, id: string): Promise<Frame['payload']> {
  toy.feed.publish({ id })
  return (await client.next()).payload
}

const denied = (...path: string[]) => ({ path, extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } })

describe('each event of a subscription', () => {
  it('has what its client may see, and nothing else was asked of subgraphs', async () => {
    const client = await connect()
    await subscribe(client, SAID)
    expect(await nextAfter(client, 'a')).toMatchObject({
      data: { said: { id: 'a', note: null, author: { name: 'Name of author of a', email: null } } },
      errors: [denied('said', 'note'), denied('said', 'author', 'email')],
    })
    expect(toy.reviews.operations.map(({ query }) => query).join()).not.toMatch(/note/)
    expect(toy.fetches().join()).not.toMatch(/email/)
  })

  it('has all of it for a client who may see all', async () => {
    const client = await connect(toy.bearer('email'))
    await subscribe(client, SAID)
    expect(await nextAfter(client, 'a')).toEqual({
      data: {
        said: { id: 'a', note: 'Note of a', author: { name: 'Name of author of a', email: 'Email of author of a' } },
      },
    })
  })

  it('has less from the moment on that the client has a token of less scope', async () => {
    const session = new Session()
    const client = await connect(session.bearer('email draft'))
    await subscribe(client, SAID)
    expect(await nextAfter(client, 'a')).toMatchObject({
      data: { said: { author: { email: 'Email of author of a' } } },
    })
    toy.fetches()
    await session.renew(client, 'draft')
    expect(await nextAfter(client, 'b')).toMatchObject({
      data: { said: { id: 'b', note: 'Note of b', author: { name: 'Name of author of b', email: null } } },
      errors: [denied('said', 'author', 'email')],
    })
    expect(toy.fetches()).toEqual([expect.not.stringContaining('email')])
  })

  it('hides also what the subgraph that it comes from was asked for', async () => {
    const session = new Session()
    const client = await connect(session.bearer('draft'))
    await subscribe(client, 'subscription { said { id draft } }')
    expect(await nextAfter(client, 'a')).toEqual({ data: { said: { id: 'a', draft: 'Draft of a' } } })
    await session.renew(client, '')
    const payload = await nextAfter(client, 'b')
    expect(payload).toMatchObject({ data: { said: null }, errors: [denied('said', 'draft')] })
    expect(JSON.stringify(payload)).not.toContain('Draft of b')
  })

  it('has no more when the client gets more rights, until they subscribe again', async () => {
    const session = new Session()
    const client = await connect(session.bearer(''))
    await subscribe(client, SAID)
    await session.renew(client, 'email')
    expect(await nextAfter(client, 'a')).toMatchObject({ errors: [denied('said', 'author', 'email')] })
    client.send({ type: 'complete', id: '1' })
    await vi.waitFor(() => expect(toy.feed.watcherCount).toBe(0))
    await subscribe(client, SAID)
    expect(await nextAfter(client, 'b')).toMatchObject({
      data: { said: { author: { email: 'Email of author of b' } } },
    })
  })

  it('is shared among those alone who may see the same of it', async () => {
    const query = 'subscription { said { id author { name email } } }'
    const [one, other, less] = [
      await connect(toy.bearer('email')),
      await connect(toy.bearer('email draft')),
      await connect(toy.bearer('draft')),
    ]
    for (const client of [one, other, less]) await subscribe(client, query)
    toy.feed.publish({ id: 'a' })
    const [first, second, third] = [await one.next(), await other.next(), await less.next()]
    expect(first.payload).toEqual({
      data: { said: { id: 'a', author: { name: 'Name of author of a', email: 'Email of author of a' } } },
    })
    expect(second.payload).toEqual(first.payload)
    expect(third.payload).toMatchObject({ data: { said: { author: { email: null } } } })
    expect(toy.fetches()).toHaveLength(2)
  })

  it('tells each of those who may see as little of it under their own request', async () => {
    const query = 'subscription { said { id author { name email } } }'
    const watching = [await connect(), await connect(), await connect()]
    for (const client of watching) await subscribe(client, query)
    toy.feed.publish({ id: 'a' })
    const payloads = await Promise.all(watching.map(async (client) => (await client.next()).payload))
    for (const payload of payloads) expect(payload).toMatchObject({ errors: [denied('said', 'author', 'email')] })
    expect(new Set(payloads.map((payload) => payload?.errors?.[0]?.extensions.requestId)).size).toBe(3)
  })
})

describe('a subscription whose supergraph is replaced', () => {
  const QUERY = 'subscription { said { id note draft } }'
  const served = (marker: string) =>
    expect.poll(async () => (await toy.query(`{ __type(name: "${marker}") { name } }`)).data, { timeout: 10_000 })
  const withMarker = (sdl: string, marker: string) => `${sdl}\nscalar ${marker} @join__type(graph: REVIEWS)`

  it('goes on when its client may see the same of it', async () => {
    const client = await connect(toy.bearer('draft'))
    await subscribe(client, QUERY)
    await toy.serve((sdl) => withMarker(sdl, 'Marker'))
    await served('Marker').toEqual({ __type: { name: 'Marker' } })
    expect(await nextAfter(client, 'a')).toEqual({
      data: { said: { id: 'a', note: 'Note of a', draft: 'Draft of a' } },
    })
  })

  it('ends when its client may see less of it', async () => {
    const client = await connect(toy.bearer('draft'))
    await subscribe(client, QUERY)
    await toy.serve((sdl) =>
      withMarker(sdl, 'Marker').replace(
        /note: String @\w+/,
        'note: String @federation__requiresScopes(scopes: [["note"]])',
      ),
    )
    expect((await client.next()).payload).toMatchObject({
      errors: [{ extensions: { code: 'SUBSCRIPTION_SCHEMA_RELOAD' } }],
    })
  })
})

describe('a subscription whose root may not be seen', () => {
  const TOLD = 'subscription { news: told { id } }'

  it('is refused at once, and no subgraph hears of it', async () => {
    const client = await connect(toy.bearer('draft'))
    client.subscribe('1', TOLD)
    expect(await client.next()).toMatchObject({ type: 'error', id: '1', payload: [denied('news')] })
    expect(toy.reviews.operations).toEqual([])
  })

  it('is refused over server-sent events', async () => {
    const reader = await EventReader.open(toy.url, TOLD)
    expect(await reader.rest()).toEqual(expect.arrayContaining([expect.stringContaining('UNAUTHORIZED_FIELD_OR_TYPE')]))
    expect(toy.reviews.operations).toEqual([])
  })

  it('ends with the next event when that is so since it was opened', async () => {
    const session = new Session()
    const client = await connect(session.bearer('told'))
    await subscribe(client, TOLD)
    expect(await nextAfter(client, 'a')).toEqual({ data: { news: { id: 'a' } } })
    await session.renew(client, '')
    const last = await nextAfter(client, 'b')
    expect(last).toMatchObject({ errors: [denied('news')] })
    expect(last).not.toHaveProperty('data')
    expect(await client.next()).toEqual({ type: 'complete', id: '1' })
    await vi.waitFor(() => expect(toy.feed.watcherCount).toBe(0))
  })
})
