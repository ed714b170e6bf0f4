import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Makes the folder `target` appear whole or not at all: `fill` works in a temporary sibling, which is then renamed.
 * When another process was faster, its folder stays and ours goes. What processes left behind that died half-way is
 * removed.
 */
export async function publishFolder(target: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  await removeAbandoned(target)
  const temporary = await mkdtemp(`${target}.partial-${process.pid}-`)
  try {
    await fill(temporary)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true, maxRetries: 5 })
    if (!isTaken(error)) throw error
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
}

async function removeAbandoned(target: string): Promise<void> {
  const prefix = `${basename(target)}.partial-`
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue
    const pid = Number.parseInt(name.slice(prefix.length), 10)
    if (isAlive(pid)) continue
    await rm(join(dirname(target), name), { recursive: true, force: true, maxRetries: 5 })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
