import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { newUuid } from '../../platform/ids.ts'
import { startTokenIssuer } from '../testing/access-tokens.ts'
import { gaugeOf } from '../testing/gauges.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const TOO_MANY = { code: 1013, reason: expect.stringMatching(/^{"code":"TOO_MANY_SOCKETS","retryAfterMs":\d+}$/) }

let toy: ToyGateway | undefined
const clients: SocketClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await toy?.[Symbol.asyncDispose]()
  toy = undefined
})

async function connect(authorization?: string): Promise<SocketClient> {
  const client = await SocketClient.connect(toy?.socketUrl ?? '', authorization === undefined ? {} : { authorization })
  clients.push(client)
  return client
}

const sockets = () => gaugeOf(toy?.url ?? '', 'parley_gateway_sockets')

/** How a socket is closed that introduces itself. */
async function refusalOf(authorization?: string): Promise<{ code: number; reason: string }> {
  const client = await SocketClient.open(toy?.socketUrl ?? '')
  client.send({ type: 'connection_init', payload: { authorization } })
  return client.whenClosed()
}

/** How an upgrade is refused. */
async function refusedUpgrade(): Promise<{ status: number | undefined; retryAfter: number }> {
  const socket = new WebSocket(toy?.socketUrl ?? '', 'graphql-transport-ws')
  const [, response] = await once(socket, 'unexpected-response')
  response.destroy()
  return { status: response.statusCode, retryAfter: Number(response.headers['retry-after']) }
}

describe('a gateway', () => {
  it('takes so many sockets of one address that is not signed in, and says when to come again', async () => {
    toy = await startToyGateway({ LIMIT_SOCKETS_PER_USER: '2' })
    const first = await connect()
    await connect()
    expect(await refusalOf()).toEqual(TOO_MANY)
    await first.close()
    await expect.poll(sockets).toBe(1)
    await connect()
  })

  it('takes so many sockets of one /64 of IPv6 addresses, whichever of them they come from', async () => {
    toy = await startToyGateway({ LIMIT_SOCKETS_PER_USER: '1', TRUSTED_PROXIES: '127.0.0.0/8' })
    const introduce = async (address: string) => {
      const client = await SocketClient.open(toy?.socketUrl ?? '', { headers: { 'x-forwarded-for': address } })
      clients.push(client)
      client.send({ type: 'connection_init' })
      return client
    }
    expect((await (await introduce('2001:db8:1:2::1')).next()).type).toBe('connection_ack')
    expect(await (await introduce('2001:db8:1:2:ffff::2')).whenClosed()).toEqual(TOO_MANY)
    expect((await (await introduce('2001:db8:1:3::1')).next()).type).toBe('connection_ack')
  })

  it('takes so many sockets of one user, and others of others', async () => {
    const issuer = await startTokenIssuer()
    toy = await startToyGateway({ ...issuer.environment, LIMIT_SOCKETS_PER_USER: '1' })
    const bearerOf = (userId: string) =>
      `Bearer ${issuer.token({ userId, issuedAt: new Date(), expiresInSeconds: 600 })}`
    const ada = newUuid()
    await connect(bearerOf(ada))
    expect(await refusalOf(bearerOf(ada))).toEqual(TOO_MANY)
    await connect(bearerOf(newUuid()))
    await connect()
    await issuer[Symbol.asyncDispose]()
  })

  it('takes so many sockets in all, and refuses more before the upgrade', async () => {
    toy = await startToyGateway({ LIMIT_SOCKETS: '2' })
    const first = await connect()
    await connect()
    const { status, retryAfter } = await refusedUpgrade()
    expect(status).toBe(503)
    expect(retryAfter).toBeGreaterThan(0)
    await first.close()
    await expect.poll(sockets).toBe(1)
    await connect()
  })

  it('takes so many new sockets at once, and refuses more before the upgrade', async () => {
    toy = await startToyGateway({ LIMIT_SOCKETS_PER_SECOND: '1' })
    await Promise.all(Array.from({ length: 10 }, () => connect()))
    const refusals = await Promise.all(Array.from({ length: 5 }, refusedUpgrade))
    expect(refusals.every(({ status }) => status === 429)).toBe(true)
    expect(Math.max(...refusals.map(({ retryAfter }) => retryAfter))).toBeGreaterThanOrEqual(4)
    expect(Math.min(...refusals.map(({ retryAfter }) => retryAfter))).toBeGreaterThanOrEqual(1)
  })
})

describe('a socket with too many subscriptions', () => {
  it('is told what to do', async () => {
    toy = await startToyGateway({ LIMIT_SUBSCRIPTIONS_PER_SOCKET: '1' })
    const client = await connect()
    for (const id of ['1', '2']) client.subscribe(id, 'subscription { reviewAdded { id } }')
    const message = 'A socket carries at most 1 subscriptions; complete one, or open another socket.'
    expect(await client.next()).toMatchObject({ type: 'error', id: '2', payload: [{ message }] })
  })
})
