import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { spawnOwned } from '../../faults/own-children.ts'

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url))
const START_MS = 60_000
/** SHUTDOWN_GRACE_MS, and what a process may take beyond it. */
const STOP_MS = 15_000
const LOOK_EVERY_MS = 25

/** What a process of a deployment is: a role of the image, where it listens, and what it is told. */
export interface RoleOptions {
  readonly role: string
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
  /** Receives what the process says. */
  readonly logPath: string
}

/** One role in a process of its own, as the image runs it. */
export interface Role {
  readonly name: string
  readonly url: string
  /** What the process has said so far. */
  log(): string
  /** Resolves when it is ready; rejects with its log when it ends before, or takes longer than a minute. */
  ready(): Promise<void>
  /**
   * Tells it to stop as a container is told, and waits until it has.
   *
   * @throws Error with its log, when it did not end in time with code 0, or had ended before.
   */
  stop(): Promise<void>
}

/** Starts the process. It ends when this process does, however that ends. */
export function startRole({ role, url, environment, logPath }: RoleOptions): Role {
  const output = openSync(logPath, 'a')
  const { PATH = '', HOME = '/', TMPDIR, NODE_COMPILE_CACHE } = process.env
  const child = spawnOwned(process.execPath, ['scripts/role.ts', role], {
    cwd: PROJECT,
    // A process of ours stops when this channel closes, so none outlives us.
    stdio: ['ignore', output, output, 'ipc'],
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...environment },
  })
  closeSync(output)
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const log = () => readFileSync(logPath, 'utf8')
  const failure = (what: string) => new Error(`The process of the role ${role} ${what}.\n${log().slice(-10_000)}`)
  return {
    name: role,
    url,
    log,
    async ready() {
      const deadline = performance.now() + START_MS
      while (!(await isReady(url))) {
        if (hasEnded()) throw failure('ended before it was ready')
        if (performance.now() > deadline) throw failure('was not ready within a minute')
        await delay(LOOK_EVERY_MS)
      }
    },
    async stop() {
      if (hasEnded()) throw failure(`ended by itself, with ${describe(child.exitCode, child.signalCode)}`)
      child.kill('SIGTERM')
      const end = await Promise.race([exited, delay(STOP_MS, undefined, { ref: false })])
      if (!end) {
        child.kill('SIGKILL')
        throw failure('did not stop')
      }
      if (end[0] !== 0) throw failure(`stopped with ${describe(...end)}`)
    },
  }
}

const describe = (code: number | null, signal: NodeJS.Signals | null) =>
  code === null ? `the signal ${signal}` : `the exit code ${code}`

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/ready`).catch(() => undefined)
  return response?.ok ?? false
}
