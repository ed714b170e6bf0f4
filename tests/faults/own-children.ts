import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

const children = new Set<ChildProcess>()
let isOwner = false

/**
 * Starts a program in a process group of its own, so that a terminal's Ctrl+C reaches us alone. Whatever ends us, the group
 * is killed: at our exit here, and when we are killed by what the program does when its `ipc` channel closes.
 */
export function spawnOwned(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  if (!isOwner) process.once('exit', killAll)
  isOwner = true
  const child = spawn(program, args, { ...options, detached: true })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

function killAll(): void {
  for (const { pid } of children) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended in the meantime.
    }
  }
}
