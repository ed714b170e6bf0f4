import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'

const LISTENING = /Debugger listening on (ws:\S+)/
const LOOK_EVERY_MS = 20
const PATIENCE_MS = 15_000
const BYTES_IN_MEGABYTE = 1024 * 1024

/**
 * What a Node process holds in its heap once all that is garbage is gone, in megabytes. It asks the process's debugger,
 * which SIGUSR1 starts (Chrome DevTools Protocol: `HeapProfiler.collectGarbage`, `Runtime.getHeapUsage`).
 *
 * @param readLog what the process has written to its standard error: there it tells where its debugger listens.
 */
export async function liveHeapMegabytes(pid: number, readLog: () => Promise<string>): Promise<number> {
  process.kill(pid, 'SIGUSR1')
  const socket = new WebSocket(await debuggerUrl(pid, readLog))
  await once(socket, 'open')
  try {
    await ask(socket, 'HeapProfiler.collectGarbage')
    const { usedSize } = (await ask(socket, 'Runtime.getHeapUsage')) as { usedSize: number }
    return usedSize / BYTES_IN_MEGABYTE
  } finally {
    socket.close()
    await once(socket, 'close')
  }
}

async function debuggerUrl(pid: number, readLog: () => Promise<string>): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS
  while (performance.now() < deadline) {
    const url = LISTENING.exec(await readLog())?.[1]
    if (url !== undefined) return url
    await delay(LOOK_EVERY_MS)
  }
  throw new Error(`Process ${pid} told of no debugger.`)
}

async function ask(socket: WebSocket, method: string): Promise<unknown> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  socket.send(JSON.stringify({ id: 1, method }))
  for (;;) {
    const [message] = (await once(socket, 'message', { signal })) as [Buffer]
    const { id, result } = JSON.parse(message.toString()) as { id?: number; result?: unknown }
    if (id === 1) return result
  }
}
