import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { waitUntil } from './bounded-wait.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

const SUPERVISOR_REACTS_MS = 2_000
const SHUTDOWN_MS = 10_000

/** What a running server writes into postmaster.pid in its data folder. */
export interface PostmasterFile {
  readonly pid: number
  readonly socketDirectory: string
  /** starting, ready, stopping or standby. */
  readonly status: string
}

/** Reads postmaster.pid; nothing when there is none. */
export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  const content = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const [pid = '', , , , socketDirectory = '', , , status = ''] = content.split('\n').map((line) => line.trim())
  if (!pid) return undefined
  return { pid: Number(pid), socketDirectory, status }
}

/** The folder of the socket at which a server on these data accepts connections; nothing while there is none. */
export async function findReadyServer(cluster: string): Promise<string | undefined> {
  const file = await readPostmasterFile(cluster)
  return file?.status === 'ready' && (await isServerOf(cluster, file.pid)) ? file.socketDirectory : undefined
}

/**
 * Waits for the server of a killed Parley to finish its shutdown.
 *
 * @returns the process id in a left-over postmaster.pid; no server of this cluster has it any more.
 * @throws EmbeddedPostgresError DATA_FOLDER_IN_USE when the server goes on: then another Parley uses it.
 */
export async function waitForPreviousServer(cluster: string): Promise<number | undefined> {
  const previous = await readPostmasterFile(cluster)
  if (!previous) return undefined
  const isGone = async () => !(await isServerOf(cluster, previous.pid))
  if (await isGone()) return previous.pid

  const isLeaving = async () => (await isGone()) || (await readPostmasterFile(cluster))?.status === 'stopping'
  if (await waitUntil(isLeaving, SUPERVISOR_REACTS_MS)) {
    // Its number too may outlive it for a moment: a killed process stays in the table until its parent has looked.
    if (await waitUntil(isGone, SHUTDOWN_MS)) return previous.pid
  }
  throw dataFolderInUse(cluster, previous.pid)
}

/** The error for a data folder on which another server works. */
export function dataFolderInUse(cluster: string, pid?: number): EmbeddedPostgresError {
  const server = pid ? ` (its server is process ${pid})` : ''
  return new EmbeddedPostgresError(
    'DATA_FOLDER_IN_USE',
    `Another Parley uses the data folder ${cluster}${server}: stop that one, or choose another DATA_DIR.`,
  )
}

/** Every process of a server works in the server's data folder, so a process that does not is none of them. */
async function isServerOf(cluster: string, pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return isNamedPostgres(pid)
  try {
    const [folder, data] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(cluster)])
    return folder.ino === data.ino && folder.dev === data.dev
  } catch {
    return false
  }
}

async function isNamedPostgres(pid: number): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)])
    return stdout.includes('postgres')
  } catch {
    return false
  }
}
