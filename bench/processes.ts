import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Resources } from '../platform/resources.ts'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))
const START_MS = 60_000
const LOOK_EVERY_MS = 50

/** A program of this run in a process of its own. It ends when its channel to this process does. */
export interface Program {
  /** Asks it and waits for its answer, one question at a time. */
  ask<Answer>(question: object): Promise<Answer>
  /** The CPU time that all its threads have used so far, in milliseconds. */
  cpuMs(): Promise<number>
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
}

/** Starts a program of ours, with nothing of this process's environment that could change what it does. */
export function startProgram(
  resources: Resources,
  path: string,
  options: { environment?: Readonly<Record<string, string>>; flags?: readonly string[] } = {},
): Program {
  const { PATH = '', HOME = '/', TMPDIR } = process.env
  const child = fork(path, [], {
    cwd: PROJECT,
    execArgv: [...(options.flags ?? [])],
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...options.environment },
    // What it greets people with is of no interest here.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit')
  resources.defer(async () => {
    child.kill('SIGTERM')
    await gone
  })
  return {
    async ask<Answer>(question: object) {
      child.send(question)
      const [answer] = await Promise.race([once(child, 'message'), gone.then(() => failed(path))])
      return answer as Answer
    },
    cpuMs: () => cpuMsOf(child),
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** A role of the graph that listens on a port. */
export interface Role extends Program {
  readonly url: string
}

/** Starts a role, on a free port unless one is given, and waits until it says that it is ready. */
export async function startRole(
  resources: Resources,
  path: string,
  portVariable: string,
  options: { environment: Readonly<Record<string, string>>; flags?: readonly string[]; port?: number },
): Promise<Role> {
  const port = options.port ?? (await freePort())
  const url = `http://127.0.0.1:${port}`
  const environment = { LOG_LEVEL: 'error', LOG_FORMAT: 'json', ...options.environment, [portVariable]: String(port) }
  const program = startProgram(resources, path, { ...options, environment })
  const deadline = performance.now() + START_MS
  while (!(await isReady(url))) {
    if (performance.now() > deadline) failed(path)
    await delay(LOOK_EVERY_MS)
  }
  return { ...program, url }
}

/** Linux counts in nanoseconds what each thread has run for (proc(5), schedstat). */
async function cpuMsOf({ pid }: ChildProcess): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`)
  const nanoseconds = await Promise.all(
    threads.map(async (thread) => {
      const [ran] = (await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')).split(' ')
      return Number(ran)
    }),
  )
  return nanoseconds.reduce((sum, ran) => sum + ran, 0) / 1e6
}

function failed(path: string): never {
  throw new Error(`${path} has failed.`)
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/ready`).catch(() => undefined)
  return response?.ok ?? false
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.')
  return address.port
}
