import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startTraceCollector } from '../../tests/support/trace-collector.ts'
import { startTracing } from '../tracing/start-tracing.ts'
import { traceRequests } from './operation-spans.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const headers = { traceparent: `00-${TRACE}-${SPAN}-01` }

/** A subgraph's server, what it tells of its requests when tracing has ended, and a client's way to leave it. */
async function startTraced() {
  const collector = await startTraceCollector()
  const tracing = await startTracing('test', { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const server = fastify()
  const left = Promise.withResolvers<void>()
  server.addHook('onRequest', async (_request, reply) => void reply.raw.once('close', left.resolve))
  server.addHook('preHandler', async ({ routeOptions: { url } }) => {
    if (url === '/checked-for-long') await left.promise
  })
  traceRequests(server, 'chat', () => true)
  const handling = Promise.withResolvers<void>()
  server.get('/ok', async () => ({}))
  server.get('/broken', async (_request, reply) => reply.code(503).send({}))
  server.get('/never', () => {
    handling.resolve()
    return new Promise(() => {})
  })
  server.get('/checked-for-long', async () => handling.resolve())
  onTestFinished(async () => {
    await server.close()
    await tracing[Symbol.asyncDispose]()
    await collector[Symbol.asyncDispose]()
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`
  return {
    ask: (path: string, signal?: AbortSignal) => fetch(url + path, { headers, ...(signal && { signal }) }),
    arrived: () => once(server.server, 'request'),
    handled: handling.promise,
    left: left.promise,
    async spans() {
      await tracing[Symbol.asyncDispose]()
      return collector.spans
    },
  }
}

const told = (route: string, status: number, error?: string) => ({
  part: 'chat',
  traceId: TRACE,
  parentId: SPAN,
  name: `GET ${route}`,
  hasFailed: error !== undefined,
  attributes: { 'http.route': route, 'http.response.status_code': status, ...(error && { 'error.type': error }) },
})

describe('the span of a request', () => {
  it('ends with the answer, and says its status', async () => {
    const server = await startTraced()
    for (const path of ['/ok', '/broken']) await (await server.ask(path)).text()
    expect(await server.spans()).toMatchObject([told('/ok', 200), told('/broken', 503, '503')])
  })

  it('ends when whoever asked has left before there was an answer', async () => {
    const server = await startTraced()
    const leaving = new AbortController()
    const asked = server.ask('/never', leaving.signal).catch(() => undefined)
    await server.handled
    leaving.abort()
    await Promise.all([asked, server.left])
    expect(await server.spans()).toMatchObject([told('/never', 499, '499')])
  })

  it('ends at once for whoever left while the request was still being checked', async () => {
    const server = await startTraced()
    const leaving = new AbortController()
    const arrived = server.arrived()
    const asked = server.ask('/checked-for-long', leaving.signal).catch(() => undefined)
    await arrived
    leaving.abort()
    await Promise.all([asked, server.handled])
    expect(await server.spans()).toMatchObject([told('/checked-for-long', 499, '499')])
  })
})
