import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { removeSocketDirectory } from '../../local/postgres/socket-directory.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 60_000
const END_MS = 20_000
const SOON = { timeout: 10_000, interval: 50 }

/** What a process was told, beside the few variables that every program needs. */
export type Environment = Readonly<Record<string, string>>

/** A process of Parley behind its launcher, as npm's scripts start it. It is killed at the latest when the test ends. */
export interface ParleyProcess {
  /** The launcher, and the leader of a process group of its own, as a shell would have it. */
  readonly launcher: ChildProcessByStdio<null, Readable, Readable>
  stdout(): string
  stderr(): string
  /** Waits for output that matches; rejects when the process ends without it. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  /** The launcher's exit code once it, and all that it started in its group, have closed their output. */
  exitCode(): Promise<number | null>
}

/** The whole graph, as `npm start` runs it. */
export interface RunningParley extends ParleyProcess {
  readonly url: string
  /** The process that does the work, as its own welcome names it. */
  readonly nodeId: number
}

/** Runs `command` in the project's folder, with nothing of this process's environment that could change what it does. */
export function spawnParley(command: readonly [string, ...string[]], environment: Environment): ParleyProcess {
  const [program, ...rest] = command
  const { PATH = '', HOME = '/', TMPDIR } = process.env
  const launcher = spawn(program, rest, {
    cwd: PROJECT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), LOG_FORMAT: 'json', ...environment },
  })
  const closed = once(launcher, 'close') as Promise<[number | null]>
  onTestFinished(async () => {
    signalGroup(launcher.pid, 'SIGKILL')
    await closed
  })
  const [stdout, stderr] = [collect(launcher.stdout), collect(launcher.stderr)]
  return {
    launcher,
    stdout,
    stderr,
    async says(pattern) {
      const signal = AbortSignal.timeout(START_MS)
      for (;;) {
        const match = pattern.exec(stdout())
        if (match) return match
        const more = once(launcher.stdout, 'data', { signal }).then(() => true)
        if (await Promise.race([more, closed.then(() => false)])) continue
        throw new Error(`The process ended without saying ${pattern}.\n${stdout()}\n${stderr()}`)
      }
    },
    async exitCode() {
      const signal = AbortSignal.timeout(END_MS)
      const late = once(signal, 'abort').then(() =>
        Promise.reject(new Error(`Still running.\n${stdout()}\n${stderr()}`)),
      )
      const [code] = await Promise.race([closed, late])
      return code
    },
  }
}

/** The launcher on one of our programs, as npm's scripts call it. */
export function launch(program: string, environment: Environment): ParleyProcess {
  return spawnParley([process.execPath, 'scripts/node.cjs', program], environment)
}

/** What `npm start` runs, on ports that are free; not yet, or never, up. */
export function launchGraph(dataDirectory: string, environment: Environment = {}): ParleyProcess {
  // A graph that was killed leaves the folder of its socket to the next start; after a test there is none.
  onTestFinished(async () => {
    const left = await readlink(join(dataDirectory, 'socket')).catch(() => undefined)
    if (left !== undefined) await removeSocketDirectory(left)
  })
  return launch('local/main.ts', { ...FREE_PORTS, DATA_DIR: dataDirectory, ...environment })
}

export const FREE_PORTS = { PORT: '0', AUTH_PORT: '0', CHAT_PORT: '0' } as const

/** The same, up and running. */
export async function startGraph(dataDirectory: string, environment: Environment = {}): Promise<RunningParley> {
  return whenRunning(launchGraph(dataDirectory, environment))
}

/** Waits for the welcome and takes from it what it tells a person. */
export async function whenRunning(parley: ParleyProcess): Promise<RunningParley> {
  const [, url = '', id = ''] = await parley.says(/Graph {6}(http\S+)\/graphql[\s\S]+kill -9 (\d+)[\s\S]+Ctrl\+C/)
  return { ...parley, url, nodeId: Number(id) }
}

/** Sends a signal to the launcher's whole group, as Ctrl+C in a terminal does. */
export function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * The processes that work on a data folder: Postgres' own are inside it, ours were told of it. Zombies, which nobody can
 * end, are not counted.
 */
export function processesOf(dataDirectory: string): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.filter((id) => isInside(id, dataDirectory) || wasToldOf(id, dataDirectory)).map(Number)
}

/** Waits until nothing works on the data folder any more. */
export async function expectNothingLeftOf(dataDirectory: string): Promise<void> {
  await expect.poll(() => processesOf(dataDirectory), SOON).toEqual([])
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { port, release } = await occupyPort()
  await release()
  return port
}

/** Takes a free TCP port of this machine. */
export async function occupyPort(): Promise<{ port: number; release: () => Promise<unknown> }> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.')
  return { port: address.port, release: () => once(server.close(), 'close') }
}

function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

function isInside(id: string, folder: string): boolean {
  try {
    const current = readlinkSync(`/proc/${id}/cwd`)
    return current === folder || current.startsWith(`${folder}/`)
  } catch {
    return false
  }
}

function wasToldOf(id: string, folder: string): boolean {
  try {
    return readFileSync(`/proc/${id}/environ`, 'utf8').split('\0').includes(`DATA_DIR=${folder}`)
  } catch {
    return false
  }
}
