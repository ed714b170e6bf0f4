import { request as httpRequest } from 'node:http'
import { parse } from 'graphql'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createHttpServer, listen } from './http-server.ts'
import { counter, createMetrics, histogram, type Metrics, observe } from './metrics.ts'
import { rootFieldOf } from './root-field.ts'

async function serve(metrics: Metrics): Promise<string> {
  const server = createHttpServer({ logger: pino({ level: 'silent' }), metrics, ready: () => {} })
  server.get('/items/:id', async () => ({}))
  server.get('/never', () => new Promise(() => {}))
  const { url } = await listen(server, { host: '127.0.0.1', port: 0, variable: 'PORT' })
  onTestFinished(() => server.close())
  return url
}

const linesOf = async (url: string) => (await (await fetch(`${url}/metrics`)).text()).split('\n')

describe('metrics of one name', () => {
  it('are one metric, however often a process opens the part that they tell of', async () => {
    const metrics = createMetrics()
    const options = { name: 'things_total', help: 'Things.', labels: ['kind'] } as const
    counter(metrics, options).labels('good').inc()
    counter(metrics, options).labels('good').inc()
    const timed = { name: 'thing_seconds', help: 'Of one.', buckets: [1] }
    for (let count = 0; count < 2; count += 1) histogram(metrics, timed).observe(0.5)
    for (const read of [() => 2, () => 3]) observe(metrics, { name: 'open', help: 'Open.', read })
    for (const state of ['busy', 'idle'])
      observe(metrics, { name: 'held', help: 'Held.', labels: { state }, read: () => 1 })
    const lines = (await metrics.metrics()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'things_total{kind="good"} 2',
        'thing_seconds_count 2',
        'open 5',
        'held{state="busy"} 1',
      ]),
    )
    expect(() => counter(metrics, { name: 'open', help: 'Open.' })).toThrow('already been registered')
  })
})

describe('an HTTP server with metrics', () => {
  it('counts requests by the pattern of their route, whatever their paths, and names what it does not know', async () => {
    const url = await serve(createMetrics('test'))
    for (const path of ['/items/1', '/items/2?a=b', '/nowhere', '/items']) await fetch(url + path)
    await fetch(`${url}/items/1`, { method: 'PROPFIND' })
    const lines = await linesOf(url)
    expect(lines).toEqual(
      expect.arrayContaining([
        'parley_http_requests_total{method="GET",route="/items/:id",status="200"} 2',
        'parley_http_requests_total{method="GET",route="unknown",status="404"} 2',
        'parley_http_requests_total{method="other",route="unknown",status="404"} 1',
        'parley_http_request_duration_seconds_count{method="GET",route="/items/:id"} 2',
      ]),
    )
  })

  it('counts a client that leaves before its answer', async () => {
    const url = await serve(createMetrics())
    const asked = httpRequest(`${url}/never`).on('error', () => {})
    asked.on('socket', (socket) => socket.on('connect', () => asked.end(() => setImmediate(() => asked.destroy()))))
    await expect
      .poll(() => linesOf(url))
      .toContain('parley_http_requests_total{method="GET",route="/never",status="499"} 1')
  })

  it('tells of itself and of the process, as others in the same process do', async () => {
    for (const role of ['one', 'other']) {
      const lines = await linesOf(await serve(createMetrics(role)))
      expect(lines.filter((line) => line.startsWith(`parley_build_info{role="${role}",version="`))).toHaveLength(1)
      expect(
        lines.filter((line) => /^(process_cpu_seconds_total|nodejs_eventloop_lag_p99_seconds) /.test(line)),
      ).toHaveLength(2)
    }
  })
})

describe('what an operation asks for', () => {
  it.each([
    ['{ a: user { id } b: user { id } __typename }', 'user'],
    ['{ user { id } reviews { id } }', 'several'],
    ['{ ...A ... { ...A } } fragment A on Query { ...B } fragment B on Query { reviews { id } }', 'reviews'],
    ['{ __schema { queryType { name } } }', 'introspection'],
    ['{ ...A } fragment A on Query { user { id } ...A }', 'user'],
  ])('%s: %s', (source, field) => {
    const document = parse(source)
    const [operation] = document.definitions
    if (operation?.kind !== 'OperationDefinition') throw new Error('The operation comes first.')
    expect(rootFieldOf(operation, document)).toBe(field)
  })
})
