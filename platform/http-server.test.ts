import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigurationError } from './environment.ts'
import { ApplicationError, NotFoundError, UnauthenticatedError } from './errors.ts'
import { createHttpServer, listen } from './http-server.ts'
import { ShutdownTime } from './shutdown-time.ts'

const ANY_PORT = { host: '127.0.0.1', port: 0, variable: 'PORT' }

/** A server with a route that throws whatever `failure` is, listening on a free port. */
async function startServer(
  options: {
    failure?: unknown
    ready?: () => Promise<void>
    shutdown?: ShutdownTime
    farewellMs?: number
    addTo?: (server: FastifyInstance) => void
  } = {},
): Promise<{ url: string; server: FastifyInstance }> {
  const logger = pino({ level: 'silent' })
  const { ready = () => {}, shutdown = new ShutdownTime(), farewellMs = 0 } = options
  const server = createHttpServer({ logger, bodyLimit: 100, ready, shutdown, farewellMs })
  server.post('/work', async () => {
    if (options.failure !== undefined) throw options.failure
    return { done: true }
  })
  options.addTo?.(server)
  const { url } = await listen(server, ANY_PORT)
  onTestFinished(() => server.close())
  return { url, server }
}

function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/work`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
}

async function failureOf(response: Response) {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  const { errors } = (await response.json()) as { errors: [{ message: string; extensions: Record<string, string> }] }
  expect(errors).toHaveLength(1)
  expect(errors[0].extensions.requestId).toBe(response.headers.get('x-request-id'))
  return { status: response.status, code: errors[0].extensions.code, message: errors[0].message }
}

describe('an HTTP server', () => {
  it('says that it is alive, and whether it can do its work', async () => {
    let database = 'away'
    const ready = async () => {
      if (database === 'away') throw new Error('no database')
    }
    const { url } = await startServer({ ready })
    const statusOf = async (path: string) => (await fetch(url + path)).status
    expect([await statusOf('/health'), await statusOf('/ready')]).toEqual([200, 503])
    database = 'here'
    expect([await statusOf('/health'), await statusOf('/ready')]).toEqual([200, 200])
  })

  it('does not tell why it is not ready', async () => {
    const ready = () => Promise.reject(new Error('password hunter22 was refused'))
    const { url } = await startServer({ ready })
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'not ready' })
  })

  it('echoes a safe request id and replaces any other', async () => {
    const { url } = await startServer()
    expect((await post(url, '{}', { 'x-request-id': 'mine' })).headers.get('x-request-id')).toBe('mine')
    expect((await post(url, '{}', { 'x-request-id': 'not mine' })).headers.get('x-request-id')).toMatch(
      /^[\da-f-]{36}$/,
    )
  })

  it.each<[failure: unknown, status: number, code: string, message: RegExp]>([
    [new UnauthenticatedError(), 401, 'UNAUTHENTICATED', /^Sign in first/],
    [new NotFoundError('page'), 404, 'NOT_FOUND', /^No such page\.$/],
    [new ApplicationError('RATE_LIMITED', 'Wait.'), 429, 'RATE_LIMITED', /^Wait\.$/],
    [new ApplicationError('SUBGRAPH_UNAVAILABLE', 'Away.'), 503, 'SUBGRAPH_UNAVAILABLE', /^Away\.$/],
    [new TypeError('password hunter22'), 500, 'INTERNAL_SERVER_ERROR', /^Something went wrong on our side/],
    [new SyntaxError('password hunter22'), 500, 'INTERNAL_SERVER_ERROR', /^Something went wrong on our side/],
  ])('answers %s with %i %s', async (failure, status, code, message) => {
    const { url } = await startServer({ failure })
    expect(await failureOf(await post(url, '{}'))).toEqual({ status, code, message: expect.stringMatching(message) })
  })

  it.each([
    ['no JSON', '{', {}, 400, 'The request body is not valid JSON.'],
    ['nothing at all', '', {}, 400, 'The request body is not valid JSON.'],
    ['too much', `"${'x'.repeat(100)}"`, {}, 413, 'The request body is too large.'],
    ['another media type', 'x', { 'content-type': 'image/png' }, 415, 'Unsupported Media Type'],
  ])('that is sent %s says what to change', async (_what, body, headers, status, message) => {
    const { url } = await startServer()
    expect(await failureOf(await post(url, body, headers))).toEqual({
      status,
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(message),
    })
  })

  it('knows no other page', async () => {
    const { url } = await startServer()
    expect(await failureOf(await fetch(`${url}/nowhere`))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  })
})

describe('a shutdown', () => {
  it('lets a request that has begun have its answer', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const { promise: work, resolve: finish } = Promise.withResolvers<void>()
    const addTo = (server: FastifyInstance) =>
      server.get('/slow', async () => {
        begin()
        await work
        return { done: true }
      })
    const { url, server } = await startServer({ addTo })
    const answer = fetch(`${url}/slow`)
    await begun
    const closed = server.close()
    finish()
    expect(await (await answer).json()).toEqual({ done: true })
    await closed
  })

  it('is announced: not ready, and connections end with the next answer, which is as always', async () => {
    const shutdown = new ShutdownTime()
    const ready = () => Promise.reject(new Error('nobody asks'))
    const { url } = await startServer({ ready, shutdown })
    expect((await post(url, '{}')).headers.get('connection')).toBe('keep-alive')
    shutdown.begin()
    const readiness = await fetch(`${url}/ready`)
    expect([readiness.status, await readiness.json()]).toEqual([503, { status: 'draining' }])
    const answers = [await post(url, '{}'), await fetch(`${url}/health`), await fetch(`${url}/nowhere`)]
    expect(answers.map(({ status, headers }) => [status, headers.get('connection')])).toEqual([
      [200, 'close'],
      [200, 'close'],
      [404, 'close'],
    ])
    expect(await answers[0]?.json()).toEqual({ done: true })
  })

  it('answers every request in full or ends its connection', async () => {
    const { url, server } = await startServer()
    const outcomes = await outcomesOfBusyClients(url, () => server.close())
    const expected = ['{"done":true}', 'ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET']
    expect(outcomes.filter((outcome) => !expected.includes(String(outcome)))).toEqual([])
  })

  it('cuts no request off of clients that are busy, if they have a moment to leave', async () => {
    const shutdown = new ShutdownTime()
    const { url, server } = await startServer({ shutdown, farewellMs: 60_000 })
    const outcomes = await outcomesOfBusyClients(url, async () => {
      shutdown.begin()
      await server.close()
    })
    expect(new Set(outcomes)).toEqual(new Set(['{"done":true}', 'ECONNREFUSED']))
  })

  it('does not wait for a connection on which nothing is asked', async () => {
    const { url, server } = await startServer()
    const idle = httpRequest(`${url}/work`, { method: 'POST', headers: { connection: 'keep-alive' } })
    idle.on('error', () => {})
    idle.flushHeaders()
    await once(idle, 'socket')
    await server.close()
    idle.destroy()
  })
})

/** What twenty clients that ask without a pause get, from before a server is closed until it is reached no more. */
async function outcomesOfBusyClients(url: string, close: () => Promise<unknown>): Promise<unknown[]> {
  const outcomes: unknown[] = []
  let isOver = false
  const ask = async () => {
    while (!isOver) outcomes.push(await post(url, '{}').then((response) => response.text(), endOf))
  }
  const asking = Array.from({ length: 20 }, ask)
  await expect.poll(() => outcomes.length).toBeGreaterThan(200)
  await close()
  await expect.poll(() => outcomes.at(-1)).toBe('ECONNREFUSED')
  isOver = true
  await Promise.all(asking)
  return outcomes
}

/** The code of what `fetch` failed with. */
function endOf(error: unknown): unknown {
  const { cause } = error as { cause?: { code?: string } }
  return cause?.code ?? error
}

describe('an address', () => {
  it('that is taken is refused with the variable to change', async () => {
    const holder = createServer()
    await once(holder.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void holder.close())
    const address = holder.address()
    if (address === null || typeof address === 'string') throw new Error('The holder has no port.')
    const opening = listen(createHttpServer({ logger: pino({ level: 'silent' }), ready: () => {} }), {
      ...ANY_PORT,
      port: address.port,
      variable: 'CHAT_PORT',
    })
    await expect(opening).rejects.toThrow(ConfigurationError)
    await expect(opening).rejects.toThrow(
      `CHAT_PORT: port ${address.port} is already taken; stop the other program or set CHAT_PORT to a free port`,
    )
  })

  it('that is of another machine is refused with the variable to change', async () => {
    const server = createHttpServer({ logger: pino({ level: 'silent' }), ready: () => {} })
    await expect(listen(server, { ...ANY_PORT, host: '203.0.113.1' })).rejects.toThrow(
      "the address 203.0.113.1 is not one of this machine's; change HOST",
    )
  })

  it('of every interface is called localhost', async () => {
    const server = createHttpServer({ logger: pino({ level: 'silent' }), ready: () => {} })
    onTestFinished(() => server.close())
    const { url, port } = await listen(server, { ...ANY_PORT, host: '0.0.0.0' })
    expect(url).toBe(`http://localhost:${port}`)
  })
})
