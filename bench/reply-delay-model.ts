/**
 * The model of `reply-delay.ts`, in a process of its own: an OpenAI-compatible server whose replies are so many pieces at
 * so many a second, each of them the moment at which it left, in microseconds of the machine's monotonic clock.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { microseconds } from './monotonic-clock.ts'

/** How replies are said from now on. */
export interface ModelQuestion {
  /** One at least. */
  readonly pieces: number
  readonly everyMs: number
}

let manner: ModelQuestion = { pieces: 1, everyMs: 1 }

const server = createServer(async (request, response) => {
  request.resume()
  await once(request, 'end')
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const say = (delta: object, finish_reason: string | null = null) =>
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`)
  const { pieces, everyMs } = manner
  const startedAt = performance.now()
  for (let said = 0; said < Math.max(1, pieces) && !response.closed; said += 1) {
    await delay(Math.max(0, startedAt + said * everyMs - performance.now()))
    say({ content: `${microseconds()} ` })
  }
  say({}, 'stop')
  response.end('data: [DONE]\n\n')
})

process.on('disconnect', () => process.exit(0))
process.on('message', (question: ModelQuestion) => {
  manner = question
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })
})
server.listen(0, '127.0.0.1')
