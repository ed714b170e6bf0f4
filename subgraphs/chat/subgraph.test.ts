import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { MemoryEventBus } from '../../platform/event-bus/memory-event-bus.ts'
import { FIRST_REVOCATION } from '../../platform/revocation-list.ts'
import type { RunningServer } from '../../platform/subgraph/server.ts'
import { createTestDatabase, type TestDatabase } from '../../tests/support/test-database.ts'
import { readChatConfig } from './config.ts'
import { startChat } from './subgraph.ts'

/** Auth, which leaves questions for deleted accounts, and these alone, without an answer. */
class HangingAuth {
  readonly asked = Promise.withResolvers<void>()
  readonly #server: Server

  constructor() {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    const keys = { keys: [{ ...key, kid: 'only', use: 'sig', alg: 'ES256' }] }
    this.#server = createServer(({ url }, response) => {
      if (url?.startsWith('/internal/deletions')) return this.asked.resolve()
      const isList = url?.startsWith('/internal/revocations')
      const answer = isList ? { revocations: [], nextReading: FIRST_REVOCATION.xactId } : keys
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
  }

  async start(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Whoever waits for an answer has waited long enough. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

let database: TestDatabase
let bus: MemoryEventBus
let auth: HangingAuth
let chat: RunningServer

beforeEach(async () => {
  ;[database, bus, auth] = [await createTestDatabase(), new MemoryEventBus(), new HangingAuth()]
  const config = readChatConfig({
    CHAT_PORT: '0',
    DATABASE_URL: database.url,
    AUTH_URL: await auth.start(),
    OPENAI_API_KEY: 'none',
    LOG_LEVEL: 'silent',
  })
  chat = await startChat(config, { bus })
})

afterEach(async () => {
  await bus[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

/** What chat says of itself; undefined once it takes no more connections. */
async function readiness(): Promise<string | undefined> {
  const response = await fetch(`${chat.url}/ready`).catch(() => undefined)
  return response && `${response.status} ${await response.text()}`
}

/** A gateway's connection, once chat has acknowledged it. */
async function connect(): Promise<WebSocket> {
  const socket = new WebSocket(`${chat.url.replace('http', 'ws')}/graphql`, GRAPHQL_TRANSPORT_WS_PROTOCOL)
  await once(socket, 'open')
  socket.send('{"type":"connection_init"}')
  await once(socket, 'message')
  return socket
}

describe('chat that is told to stop while one of its workers waits for auth', () => {
  it('is not ready from then on and sends its streams away, and ends when the worker gives up', async () => {
    const left = once(await connect(), 'close')
    await auth.asked.promise
    expect(await readiness()).toBe('200 {"status":"ready"}')
    const stopped = chat[Symbol.asyncDispose]()
    expect(['503 {"status":"draining"}', undefined]).toContain(await readiness())
    expect((await left)[0]).toBe(1012)
    await expect.poll(readiness).toBeUndefined()
    await auth.stop()
    await stopped
  })
})
