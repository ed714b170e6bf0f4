import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exchange } from './http-exchange.ts'

const CALL = { method: 'POST', path: '/', body: 'What is said.' } as const

let server: Server
let pool: Pool
let asked = 0

/** Answers what it is asked, piece by piece; not at all when told to be silent. */
beforeEach(async () => {
  asked = 0
  server = createServer(async (request, response) => {
    asked += 1
    if (request.url === '/silent') return
    const said = await request.toArray()
    response.writeHead(207)
    for (const byte of Buffer.concat(said)) response.write(Buffer.of(byte))
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1, maxResponseSize: 1_000 })
})

afterEach(async () => {
  await pool.destroy()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

it('reads an answer to its end, whatever pieces its characters come in', async () => {
  const body = 'Ein Täubchen 🕊, もう一つ'
  expect(await exchange(pool, { ...CALL, body }, new AbortController().signal)).toMatchObject({
    status: 207,
    text: body,
  })
  expect(await exchange(pool, { ...CALL, body: '' }, new AbortController().signal)).toMatchObject({
    status: 207,
    text: '',
  })
})

it('fails when the answer is too long, and when nobody is there', async () => {
  const call = { ...CALL, body: 'x'.repeat(2_000) }
  await expect(exchange(pool, call, new AbortController().signal)).rejects.toThrow('size')
  const nowhere = new Pool('http://127.0.0.1:1')
  await expect(exchange(nowhere, CALL, new AbortController().signal)).rejects.toThrow()
  await nowhere.destroy()
})

it('is given up at once when nobody waits any more, also one that still waits for a connection', async () => {
  const [hanging, queued, late] = [new AbortController(), new AbortController(), AbortSignal.abort('too late')]
  const first = exchange(pool, { ...CALL, path: '/silent' }, hanging.signal)
  const second = exchange(pool, CALL, queued.signal)
  await expect.poll(() => asked).toBe(1)
  queued.abort('gone')
  await expect(second).rejects.toBe('gone')
  hanging.abort('gone too')
  await expect(first).rejects.toBe('gone too')
  await expect(exchange(pool, CALL, late)).rejects.toBe('too late')
  expect((await exchange(pool, CALL, new AbortController().signal)).text).toBe('What is said.')
  expect(asked).toBe(2)
})
