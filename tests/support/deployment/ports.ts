import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that the system gives to outgoing connections, of which one could take a port before its server does. */
const FIRST_PORT = 20_000
const PORTS_PER_WORKER = 1_000
const WORKERS = 12

const worker = Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS
let given = Math.floor(Math.random() * PORTS_PER_WORKER)

/** A port of this machine that is free, and that no other worker of the tests is given. */
export async function ownPort(): Promise<number> {
  for (let tries = 0; tries < PORTS_PER_WORKER; tries += 1) {
    given += 1
    const port = FIRST_PORT + worker * PORTS_PER_WORKER + (given % PORTS_PER_WORKER)
    if (await isFree(port)) return port
  }
  throw new Error('This machine has no free port for the tests.')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
