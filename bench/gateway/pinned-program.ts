import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Resources } from '../../platform/resources.ts'
import { print } from '../measurement.ts'
import type { Program } from '../processes.ts'
import { inTime } from './in-time.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
/** Linux counts a process's time in hundredths of a second for whoever asks (proc(5), `USER_HZ`). */
const MS_PER_TICK = 10
/** Beyond what the longest answer takes: thousands of sockets that are opened, or rounds of events on a busy machine. */
const ANSWER_MS = 600_000
/** For a program that is told to end: a CPU profile is written meanwhile. Then it is killed. */
const END_MS = 30_000
/** For the system to end what was killed. */
const KILL_MS = 10_000

/** Where a program runs and what it is told. */
export interface PinnedOptions {
  /** The one core that it may use. */
  readonly core: number
  readonly environment?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** For Node. */
  readonly flags?: readonly string[]
  /** It speaks over an IPC channel. */
  readonly isAsked?: boolean
}

/** Whether programs can be held to a core of their own; prints why not. */
export const canPin = lookForTaskset()

/** A program on a core of its own. */
export interface PinnedProgram extends Program {
  hasEnded(): boolean
}

/** Starts a program of Node's on one core, with nothing of this process's environment that could change what it does. */
export function startPinned(resources: Resources, path: string, options: PinnedOptions): PinnedProgram {
  const { core, args = [], flags = [], isAsked = false } = options
  const command = [process.execPath, ...flags, path, ...args]
  const [program = '', ...rest] = canPin ? ['taskset', '-c', String(core), ...command] : command
  const { PATH = '', HOME = '/', TMPDIR } = process.env
  const child = spawn(program, rest, {
    cwd: PROJECT,
    env: { PATH, HOME, NODE_ENV: 'production', ...(TMPDIR && { TMPDIR }), ...options.environment },
    stdio: ['ignore', 'ignore', 'inherit', ...(isAsked ? (['ipc'] as const) : [])],
  })
  const gone = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await inTime(gone, KILL_MS, `the end of ${path}, which was killed`)
  }
  resources.defer(async () => {
    child.kill('SIGTERM')
    await inTime(gone, END_MS, `the end of ${path}`).catch(kill)
  })
  return {
    async ask<Answer>(question: object) {
      child.send(question)
      const failed = gone.then(() => {
        throw new Error(`${path} has failed.`)
      })
      const answered = Promise.race([once(child, 'message'), failed])
      const [answer] = await inTime(answered, ANSWER_MS, `an answer of ${path} to ${JSON.stringify(question)}`)
      return answer as Answer
    },
    cpuMs: () => cpuMsOf(child),
    kill,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  }
}

/** User and system time of all its threads, those that are over too. */
async function cpuMsOf({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(user) + Number(system)) * MS_PER_TICK
}

function lookForTaskset(): boolean {
  const found = spawnSync('taskset', ['--version']).error === undefined
  if (!found) print('There is no taskset here: the programs share all cores, and the rates say less.')
  return found
}
