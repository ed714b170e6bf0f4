import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { settlesWithin } from './bounded-wait.ts'
import type { ServerUser } from './server-user.ts'

/**
 * Runs "$@" until the standard input ends: when this process closes it, and also when this process is killed, by
 * whatever signal. The command alone keeps the standard output open, so its end tells that the command is gone.
 * To PostgreSQL, INT means a fast shutdown and QUIT an immediate one.
 */
const SUPERVISOR = `
(exec "$@") </dev/null &
command=$!
exec >/dev/null 2>&1
read -r _
kill -INT "$command"
(nap=; trap 'kill "$nap"; wait; exit' TERM; sleep 6 & nap=$!; wait; kill -QUIT "$command") &
impatience=$!
wait "$command"
status=$?
kill "$impatience"
wait "$impatience"
exit "$status"
`
const ORDERLY_STOP_MS = 8_500
const KILLED_STOP_MS = 1_000

/** A command that ends when this process does, however this process ends. */
export interface SupervisedProcess {
  /** Resolves with the exit code when the command and all that it started are gone. */
  readonly ended: Promise<number>
  /** Asks the command to end; kills it when it has not ended after 8.5 s, and then resolves with false. */
  stop(): Promise<boolean>
  /** Lets this process end without waiting for the command. */
  unref(): void
}

/** What to run, where and as whom. */
export interface SupervisedCommand {
  readonly command: readonly string[]
  readonly folder: string
  readonly user: ServerUser
  readonly environment?: Readonly<Record<string, string>>
  /** The file descriptor that receives the command's error output. */
  readonly errorOutput: number
}

/** Starts a command in a process group of its own, so that Ctrl-C reaches this process alone. */
export function startSupervised(options: SupervisedCommand): SupervisedProcess {
  const { uid, gid, isSwitched } = options.user
  const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'parley-postgres', ...options.command], {
    cwd: options.folder,
    // None of the host's PG* and LD_* variables: they would change what the server does.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...options.environment },
    detached: true,
    stdio: ['pipe', 'pipe', options.errorOutput],
    ...(isSwitched ? { uid, gid } : {}),
  }) as ChildProcessByStdio<Socket, Socket, null>
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
  child.stdin.on('error', () => {})
  child.stdout.on('end', () => child.stdin.end()).resume()

  return {
    ended,
    unref() {
      for (const handle of [child, child.stdin, child.stdout]) handle.unref()
    },
    async stop() {
      for (const handle of [child, child.stdin, child.stdout]) handle.ref()
      child.stdin.end()
      if (await settlesWithin(ended, ORDERLY_STOP_MS)) return true
      if (child.pid) killGroup(child.pid)
      await settlesWithin(ended, KILLED_STOP_MS)
      return false
    },
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}
