import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Frame, SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const ADDED = 'subscription { reviewAdded { id } }'
const USER = '{ user(id: "u1") { name } }'

let toy: ToyGateway
let client: SocketClient

beforeEach(async () => {
  toy = await startToyGateway()
  client = await SocketClient.connect(toy.socketUrl)
})

afterEach(async () => {
  client.socket.terminate()
  await toy[Symbol.asyncDispose]()
})

const complete = (id: string) => client.send({ type: 'complete', id })

const whenWatchedBy = (count: number) => expect.poll(() => toy.graph.feed.watcherCount).toBe(count)

/** Has everything that is sent meanwhile arrive in one packet. */
function inOnePacket(send: () => void): void {
  const { _socket: connection } = client.socket as unknown as { _socket: { cork(): void; uncork(): void } }
  connection.cork()
  send()
  connection.uncork()
}

/** Expects the only stream of the client to be told what is published, and to end when the client says so. */
async function expectOneStream(id: string): Promise<void> {
  await whenWatchedBy(1)
  for (const event of ['a', 'b']) {
    toy.graph.feed.publish({ id: event, body: 'Good.', authorId: 'u1' })
    expect(await client.next()).toEqual({ id, type: 'next', payload: { data: { reviewAdded: { id: event } } } })
  }
  complete(id)
  await whenWatchedBy(0)
  client.ping({ at: 'last' })
  expect(await client.next()).toEqual({ type: 'pong', payload: { at: 'last' } })
}

describe('an id', () => {
  it('has 256 bytes at most, because every event repeats it', async () => {
    client.subscribe('é'.repeat(128), USER)
    expect(await client.next()).toMatchObject({ id: 'é'.repeat(128), type: 'next' })
    expect((await client.next()).type).toBe('complete')
    client.subscribe(`x${'é'.repeat(128)}`, USER)
    expect(await client.whenClosed()).toEqual({ code: 4400, reason: 'An id has 256 bytes at most' })
  })
})

describe('an id that is used again', () => {
  it('as soon as its subscription was completed names the new one alone', async () => {
    client.subscribe('1', ADDED)
    await whenWatchedBy(1)
    inOnePacket(() => {
      complete('1')
      client.subscribe('1', ADDED)
    })
    await expect.poll(() => toy.graph.reviews.operations.length).toBe(2)
    await expectOneStream('1')
  })

  it('before its subscription has so much as begun names the new one alone', async () => {
    inOnePacket(() => {
      client.subscribe('an "id"', ADDED)
      complete('an "id"')
      client.subscribe('an "id"', ADDED)
    })
    client.ping({ at: 'first' })
    expect((await client.next()).type).toBe('pong')
    await expectOneStream('an "id"')
  })

  it('while a query of that name is under way is not told the answer', async () => {
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<false>()]
    toy.graph.users.intercept = () => {
      asked.resolve()
      return released.promise
    }
    client.subscribe('1', USER)
    await asked.promise
    inOnePacket(() => {
      complete('1')
      client.subscribe('1', ADDED)
    })
    await whenWatchedBy(1)
    released.resolve(false)
    client.subscribe('2', USER)
    const frames: Frame[] = [await client.next(), await client.next()]
    expect(frames).toMatchObject([
      { id: '2', type: 'next' },
      { id: '2', type: 'complete' },
    ])
    await expectOneStream('1')
  })

  it('after its operation has ended, with an answer or with errors, is as good as a new one', async () => {
    for (let times = 0; times < 2; times += 1) {
      client.subscribe('1', USER)
      expect(await client.next()).toMatchObject({ id: '1', payload: { data: { user: { name: 'Name of u1' } } } })
      expect(await client.next()).toEqual({ id: '1', type: 'complete' })
      client.subscribe('1', '{ nothing }')
      expect(await client.next()).toMatchObject({ id: '1', type: 'error' })
    }
  })

  it('while its operation runs closes the socket, as one that was never completed', async () => {
    client.subscribe('1', ADDED)
    client.subscribe('2', ADDED)
    complete('1:2')
    await whenWatchedBy(2)
    client.subscribe('2', ADDED)
    expect(await client.whenClosed()).toEqual({ code: 4409, reason: 'Subscriber for 2 already exists' })
  })

  it('closes it too when it is longer than a reason may be', async () => {
    for (let times = 0; times < 2; times += 1) client.subscribe('x'.repeat(200), ADDED)
    expect((await client.whenClosed()).code).toBe(4409)
  })
})
