import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { handleProtocols, makeServer, type ServerOptions } from 'graphql-ws'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { LogLines } from '../testing/log-lines.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { serveProtocol } from './protocol.ts'

let sockets: WebSocketServer
const log = new LogLines()

/** @returns where it listens. */
async function listen(handlers: ServerOptions, pingIntervalMs = 60_000): Promise<string> {
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols })
  const server = makeServer<Record<string, unknown>, undefined>(handlers)
  sockets.on('connection', (socket) =>
    serveProtocol(socket, {
      server,
      extra: undefined,
      answerPing: async (payload) => payload && { answerTo: payload },
      pingIntervalMs,
      logger: log.logger,
    }),
  )
  await once(sockets, 'listening')
  return `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`
}

afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate()
  const closed = once(sockets, 'close')
  sockets.close()
  await closed
})

describe('a socket', () => {
  it('is cut when its client leaves a ping unanswered, and kept when it answers', async () => {
    const url = await listen({}, 200)
    const alive = await SocketClient.connect(url)
    const silent = await SocketClient.connect(url, undefined, { autoPong: false })
    expect((await silent.whenClosed()).code).toBe(1006)
    await once(alive.socket, 'ping')
    alive.ping({ at: 1 })
    expect(await alive.next()).toEqual({ type: 'pong', payload: { answerTo: { at: 1 } } })
  })

  it('is closed with 4500 when one of its messages cannot be handled, and the log says why', async () => {
    const onSubscribe = () => {
      throw new Error('a bug')
    }
    const client = await SocketClient.connect(await listen({ onSubscribe }))
    client.subscribe('1', '{ anything }')
    expect(await client.whenClosed()).toEqual({ code: 4500, reason: 'Internal server error' })
    expect(log.messages('error')).toEqual(['a message on a socket could not be handled'])
  })

  it('is closed with 4400 when it says what nobody understands', async () => {
    const client = await SocketClient.connect(await listen({}))
    client.socket.send('nonsense')
    expect((await client.whenClosed()).code).toBe(4400)
  })
})
