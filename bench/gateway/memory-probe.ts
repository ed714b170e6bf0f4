/** Preloaded into a process, with `--expose-gc`: says at MEMORY_PORT what memory is left after a garbage collection. */
import { createServer } from 'node:http'

/** In bytes. */
export interface MemoryReport {
  /** What the system has given to the process. */
  readonly rss: number
  /** Of V8's heap, and outside of it. */
  readonly used: number
}

const server = createServer((_, response) => {
  gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  response
    .setHeader('connection', 'close')
    .end(JSON.stringify({ rss, used: heapUsed + external } satisfies MemoryReport))
})
server.listen(Number(process.env.MEMORY_PORT), '127.0.0.1').unref()
