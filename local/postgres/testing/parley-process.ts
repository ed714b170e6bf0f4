import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { programFor } from './program-for-user.ts'

const START_MS = 30_000

/** What the other process said: where its server listens, or why there is none. */
export interface Report {
  readonly host?: string
  readonly url?: string
  readonly code?: string
  readonly message?: string
}

/** Another process that runs an embedded PostgreSQL; it is killed at the latest when the test ends. */
export interface ParleyProcess {
  readonly report: Report
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  /** Resolves with the exit code and the signal when the process is gone; what it started may live on. */
  readonly exited: Promise<unknown[]>
}

/** Starts the fixture on a data folder, as another user if one is given, and waits for what it reports. */
export async function startParleyProcess(dataDirectory: string, uid?: number): Promise<ParleyProcess> {
  const [node, fixture] = await programFor(uid)
  const child = spawn(node, [fixture, dataDirectory], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid, cwd: '/' }),
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const signal = AbortSignal.timeout(START_MS)
  const [line] = await once(createInterface({ input: child.stdout }), 'line', { signal })
  return { report: JSON.parse(line), child, exited }
}

/** The ids of the living processes that have `text` on their command line. */
export function processesNaming(text: string): number[] {
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(text)).map((line) => Number.parseInt(line, 10))
}
