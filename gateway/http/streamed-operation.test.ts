import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { fastify } from 'fastify'
import type { FormattedExecutionResult } from 'graphql'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { JsonResults } from '../protection/cost-report.ts'
import { CLIENT_PATIENCE } from '../sessions/client-patience.ts'
import { LogLines } from '../testing/log-lines.ts'
import { VirtualTimers } from '../testing/virtual-timers.ts'
import { EVENT_STREAM } from './event-stream.ts'
import { ResponseStream } from './response-stream.ts'
import { StreamedOperation } from './streamed-operation.ts'

type Outcome = ConstructorParameters<typeof StreamedOperation>[1]

const unhandled: unknown[] = []
const note = (error: unknown) => void unhandled.push(error)

beforeEach(() => void process.on('unhandledRejection', note))
afterEach(() => void process.off('unhandledRejection', note))

/** Nested deeper than anything can be written as JSON. */
function deep(): FormattedExecutionResult {
  let value: unknown = null
  for (let level = 0; level < 100_000; level += 1) value = [value]
  return { data: { value } }
}

/** A subscription of which the first result is told, and the second fails. */
function failing(): JsonResults {
  let told = 0
  const results: JsonResults = {
    next: async () => {
      told += 1
      if (told > 1) throw new RangeError('Maximum call stack size exceeded')
      return { done: false, value: '{"data":1}' }
    },
    return: async () => ({ done: true, value: undefined }),
    [Symbol.asyncIterator]: () => results,
  }
  return results
}

it.each<[what: string, outcome: () => Outcome]>([
  ['a query whose result cannot be written', async () => deep()],
  ['a query that fails', () => Promise.reject(new Error('ours'))],
  ['a subscription one of whose results cannot be made', failing],
])('%s breaks off, which the log says and nothing else notices', async (_what, outcome) => {
  const log = new LogLines()
  let over = 0
  const server = fastify({ forceCloseConnections: true })
  server.get('/', async (_request, reply) => {
    const onOver = () => {
      over += 1
    }
    const options = { format: EVENT_STREAM, patience: CLIENT_PATIENCE, timers: new VirtualTimers(), onOver }
    const response = new ResponseStream(reply, options)
    new StreamedOperation({ end: () => {} }, outcome(), { response, logger: log.logger })
    return reply
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  const client = connect((server.server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
  const closed = once(client, 'close')
  client.resume().write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await closed
  await server.close()
  expect(over).toBe(1)
  expect(log.messages('error')).toEqual(['a stream breaks off'])
  expect(unhandled).toEqual([])
})
