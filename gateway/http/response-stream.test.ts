import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type FastifyInstance, fastify } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CLIENT_PATIENCE } from '../sessions/client-patience.ts'
import { VirtualTimers } from '../testing/virtual-timers.ts'
import { EVENT_STREAM } from './event-stream.ts'
import { ResponseStream } from './response-stream.ts'

const MEGABYTE = 1024 * 1024
const RESULT = JSON.stringify({ data: 'x'.repeat(MEGABYTE) })

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

let server: FastifyInstance
let timers: VirtualTimers
let client: Socket
let received: string
let streams: ResponseStream[]
let over: number

beforeEach(async () => {
  timers = new VirtualTimers()
  streams = []
  over = 0
  received = ''
  server = fastify({ forceCloseConnections: true })
  server.get('/', async (_request, reply) => {
    const onOver = () => {
      over += 1
    }
    streams.push(new ResponseStream(reply, { format: EVENT_STREAM, patience: CLIENT_PATIENCE, timers, onOver }))
    return reply
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  client = connect((server.server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
  await once(client, 'connect')
  client.on('data', (data) => {
    received += data
  })
})

afterEach(async () => {
  client.destroy()
  await expect.poll(() => over).toBe(streams.length)
  await server.close()
})

async function open(count = 1): Promise<ResponseStream> {
  client.write(REQUEST.repeat(count))
  await expect.poll(() => streams.length).toBe(count)
  await expect.poll(() => received).toContain('\r\n:\n\n\r\n')
  return streams[0] as ResponseStream
}

const comments = () => received.split('\r\n:\n\n\r\n').length - 1

describe('a response that is a stream', () => {
  it('begins at once, and shows a sign of life every twelve seconds', async () => {
    await open()
    await expect.poll(comments).toBe(1)
    timers.advance(11_999)
    timers.advance(1)
    await expect.poll(comments).toBe(2)
    timers.advance(12_000)
    await expect.poll(comments).toBe(3)
  })

  it('lets the next result wait until the client has taken the last', async () => {
    const stream = await open()
    client.pause()
    let sent = 0
    const sending = (async () => {
      for (; sent < 100; sent += 1) await stream.send(RESULT)
    })()
    await expect.poll(() => sent).toBeGreaterThan(0)
    const stopped = await steady(() => sent)
    expect(stopped).toBeLessThan(50)
    client.resume()
    await sending
    expect(sent).toBe(100)
  })

  it('is cut after thirty seconds in which its client took nothing, and what waits to be sent is given up', async () => {
    const stream = await open()
    client.pause()
    let sent = 0
    const sending = (async () => {
      for (; stream.isOpen; sent += 1) await stream.send(RESULT)
    })()
    await expect.poll(() => sent).toBeGreaterThan(0)
    await steady(() => sent)
    timers.advance(29_000)
    expect([stream.isOpen, over]).toEqual([true, 0])
    timers.advance(1_000)
    expect([stream.isOpen, over]).toEqual([false, 1])
    await sending
  })

  it('is cut also when its client does not take the end', async () => {
    const stream = await open()
    client.pause()
    const sending = stream.send(JSON.stringify('x'.repeat(30 * MEGABYTE)))
    stream.complete()
    expect(stream.isOpen).toBe(false)
    timers.advance(30_000)
    await sending
    expect(over).toBe(1)
  })

  it('is over once its client has all of it, and the connection can be used again', async () => {
    const stream = await open()
    await stream.send('{}')
    stream.complete()
    await expect.poll(() => over).toBe(1)
    expect(received).toMatch(/event: next\ndata: \{\}\n\n\r\n[\da-f]+\r\nevent: complete\ndata: \n\n\r\n0\r\n\r\n$/)
    client.write(REQUEST)
    await expect.poll(() => streams.length).toBe(2)
    expect(streams[1]?.isOpen).toBe(true)
  })

  it('is over when its client leaves, and so is one that waits for it on the same connection', async () => {
    await open(2)
    client.destroy()
    await expect.poll(() => over).toBe(2)
    expect(streams.map(({ isOpen }) => isOpen)).toEqual([false, false])
  })

  it('that is sent away ends its connection', async () => {
    const stream = await open()
    stream.sendAway()
    await once(client, 'end')
    expect(received).toMatch(/retry: \d+\n\n\r\n0\r\n\r\n$/)
    expect(over).toBe(1)
  })
})

/** The value once it has not changed for some rounds. */
async function steady(read: () => number): Promise<number> {
  let [last, times] = [read(), 0]
  await expect
    .poll(
      () => {
        times = read() === last ? times + 1 : 0
        last = read()
        return times
      },
      { interval: 20 },
    )
    .toBeGreaterThan(5)
  return last
}
