// A server as resumable-stream's own README has it: a reader asks for a stream by its id, and says how many characters
// they have when they come back. The text comes from the same model that Parley asks. Told by its environment: PORT,
// REDIS_URL, MODEL_URL, PROMPT.
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import { createResumableStreamContext } from 'resumable-stream/ioredis'

const { PORT, REDIS_URL, MODEL_URL, PROMPT } = process.env
const END = '[the end]'

const streams = createResumableStreamContext({
  waitUntil: null,
  publisher: new Redis(REDIS_URL),
  subscriber: new Redis(REDIS_URL),
})

/** The model's answer, token by token, then a mark by which a reader knows that it was all. */
function ask() {
  return new ReadableStream({
    async start(controller) {
      const response = await fetch(`${MODEL_URL}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'demo-offline', stream: true, messages: [{ role: 'user', content: PROMPT }] }),
      })
      let rest = ''
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()
        for (const line of lines) {
          if (!line.startsWith('data: {')) continue
          const text = JSON.parse(line.slice('data: '.length)).choices[0]?.delta.content
          if (text) controller.enqueue(text)
        }
      }
      controller.enqueue(END)
      controller.close()
    },
  })
}

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  try {
    const stream = await streams.resumableStream(pathname, ask, Number(searchParams.get('resumeAt') ?? 0))
    if (!stream) return response.writeHead(422).end()
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
    for await (const text of stream) response.write(text)
    response.end()
  } catch (error) {
    if (response.headersSent) return response.destroy()
    response.writeHead(500).end(String(error))
  }
}).listen(Number(PORT), '127.0.0.1', () => process.send?.('listening'))
