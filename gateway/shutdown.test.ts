import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { SocketClient } from './testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from './testing/start-toy-gateway.ts'

/** As an operating system refuses, or ends, a connection. */
const CONNECTION_ENDED = ['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']
const AUTHOR = '{ user(id: "u1") { name } }'
const ANSWER = { data: { user: { name: 'Name of u1' } } }

let toy: ToyGateway
let stopped: PromiseLike<unknown> | undefined

beforeEach(() => {
  stopped = undefined
})

afterEach(async () => {
  await (stopped ?? toy.gateway[Symbol.asyncDispose]())
  await toy.graph.stop()
})

/** A gateway whose clients are sent away over 1.5 seconds. */
async function start(): Promise<void> {
  toy = await startToyGateway({ SHUTDOWN_GRACE_MS: '2000' })
}

function stop(): number {
  stopped = toy.gateway[Symbol.asyncDispose]()
  return performance.now()
}

/** @returns what lets the subgraph of users answer. */
async function holdUsers(): Promise<{ asked: Promise<void>; release: () => void }> {
  const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<false>()]
  toy.graph.users.intercept = () => {
    asked.resolve()
    return released.promise
  }
  return { asked: asked.promise, release: () => released.resolve(false) }
}

describe('a gateway that shuts down', () => {
  it('stops at once when nobody is there', async () => {
    toy = await startToyGateway({ SHUTDOWN_GRACE_MS: '20000' })
    expect((await toy.query(AUTHOR)).body).toEqual(ANSWER)
    const started = stop()
    await stopped
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('sends its clients away one after the other', async () => {
    await start()
    const clients = await Promise.all(Array.from({ length: 30 }, () => SocketClient.connect(toy.socketUrl)))
    const started = stop()
    const times = await Promise.all(
      clients.map(async (client) => {
        const { code, reason } = await client.whenClosed()
        expect({ code, reason: JSON.parse(reason) }).toEqual({ code: 1012, reason: { reconnectWithinMs: 5_000 } })
        return performance.now() - started
      }),
    )
    times.sort((one, other) => one - other)
    // Timers are late on a busy machine and never early: the twentieth leaves a second after the first is told to.
    expect(times[20]).toBeGreaterThanOrEqual(990)
    expect(times[29]).toBeGreaterThanOrEqual(1_440)
    expect(times[0]).toBeLessThan(times[29] ?? 0)
    await stopped
  })

  it('is not ready, takes no new sockets, and goes on serving meanwhile', async () => {
    await start()
    const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => SocketClient.connect(toy.socketUrl)))
    others[2]?.subscribe('1', 'subscription { reviewAdded { id } }')
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(1)
    stop()
    await first?.whenClosed()
    const readiness = await fetch(`${toy.gateway.url}/ready`)
    expect([readiness.status, await readiness.json()]).toEqual([503, { status: 'draining' }])
    const { headers, body } = await toy.query(AUTHOR)
    expect([headers.get('connection'), body]).toEqual(['close', ANSWER])
    const socket = new WebSocket(toy.socketUrl, 'graphql-transport-ws')
    const [, response] = await once(socket, 'unexpected-response')
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1'])
    response.destroy()
    toy.graph.feed.publish({ id: 'a', body: 'Late.', authorId: 'u1' })
    expect(await others[2]?.next()).toMatchObject({ payload: { data: { reviewAdded: { id: 'a' } } } })
    await stopped
  })

  it('lets a socket have the answers it waits for before it is closed', async () => {
    await start()
    const client = await SocketClient.connect(toy.socketUrl)
    const { asked, release } = await holdUsers()
    client.subscribe('1', AUTHOR)
    await asked
    stop()
    const idle = await SocketClient.connect(toy.socketUrl).catch((error: unknown) => error)
    expect(idle).toBeInstanceOf(Error)
    expect(client.socket.readyState).toBe(WebSocket.OPEN)
    release()
    expect(await client.next()).toMatchObject({ type: 'next', payload: ANSWER })
    expect((await client.next()).type).toBe('complete')
    expect((await client.whenClosed()).code).toBe(1012)
    await stopped
  })

  it('does not wait for answers beyond its time', async () => {
    await start()
    const client = await SocketClient.connect(toy.socketUrl)
    const { asked, release } = await holdUsers()
    client.subscribe('1', AUTHOR)
    await asked
    const started = stop()
    expect((await client.whenClosed()).code).toBe(1012)
    expect(performance.now() - started).toBeGreaterThanOrEqual(1_490)
    await stopped
    release()
  })

  it('cuts off who does not say goodbye', async () => {
    await start()
    const client = await SocketClient.connect(toy.socketUrl)
    client.socket.pause()
    const started = stop()
    await stopped
    expect(performance.now() - started).toBeLessThan(5_000)
    client.socket.terminate()
  })

  it('answers every request in full or refuses its connection, until the end, though somebody stays', async () => {
    await start()
    const clients = await Promise.all([1, 2, 3, 4].map(() => SocketClient.connect(toy.socketUrl)))
    const deaf = clients.pop()
    deaf?.socket.pause()
    let begun = 0
    toy.graph.users.intercept = async () => {
      begun += 1
      return delay(50, false)
    }
    const outcomes: unknown[] = []
    let isOver = false
    const ask = async () => {
      while (!isOver) {
        outcomes.push(await toy.query(AUTHOR).then(({ status, body }) => ({ status, body }), endOf))
        await delay(1)
      }
    }
    const asking = Array.from({ length: 20 }, ask)
    await expect.poll(() => outcomes.length).toBeGreaterThan(100)
    stop()
    for (const client of clients) await client.whenClosed()
    await stopped
    const answered = outcomes.length
    await expect.poll(() => outcomes.length).toBeGreaterThan(answered + 20)
    isOver = true
    await Promise.all(asking)
    deaf?.socket.terminate()
    const answers = outcomes.filter((outcome) => !CONNECTION_ENDED.includes(String(outcome)))
    expect(
      answers.filter((outcome) => JSON.stringify(outcome) !== JSON.stringify({ status: 200, body: ANSWER })),
    ).toEqual([])
    // A connection that ended in the middle of a request looks like one that ended before it.
    expect(answers).toHaveLength(begun)
    expect(outcomes.at(-1)).toBe('ECONNREFUSED')
  })
})

/** The code of what `fetch` failed with. */
function endOf(error: unknown): unknown {
  const { cause } = error as { cause?: { code?: string } }
  return cause?.code ?? error
}
