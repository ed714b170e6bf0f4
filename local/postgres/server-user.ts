import type { Stats } from 'node:fs'
import { chown, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/** The operating system's user as whom the server runs. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
  /** True when the server must change to this user, because PostgreSQL refuses to run as root. */
  readonly isSwitched: boolean
}

/** nobody: a system without an entry for it in /etc/passwd is rare, and PostgreSQL insists on an entry. */
const NOBODY = 65_534
const READ_AND_ENTER = 0o5
const ENTER = 0o1

/**
 * The user for the server on `cluster`: the present one, or, for root, the owner of the cluster, so that `sudo` once
 * does not lock the owner out for ever. A cluster that root creates belongs to nobody.
 *
 * @throws EmbeddedPostgresError DATA_FOLDER_UNUSABLE for a cluster of another user; USER_UNSUPPORTED for root where
 *   there is no /proc.
 */
export async function serverUserFor(cluster: string): Promise<ServerUser> {
  const [uid, gid] = [process.geteuid?.() ?? -1, process.getegid?.() ?? -1]
  const owner = await ownerOf(cluster)
  if (uid !== 0) {
    if (owner && owner.uid !== uid) throw foreignCluster(cluster, owner.uid, uid)
    return { uid, gid, isSwitched: false }
  }
  if (process.platform !== 'linux') {
    throw new EmbeddedPostgresError(
      'USER_UNSUPPORTED',
      'The embedded PostgreSQL does not run as root on this system: run Parley as a normal user or set DATABASE_URL.',
    )
  }
  if (!owner || owner.uid === 0) return { uid: NOBODY, gid: NOBODY, isSwitched: true }
  return { uid: owner.uid, gid: owner.gid, isSwitched: true }
}

async function ownerOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(
      'DATA_FOLDER_UNUSABLE',
      `The data folder ${path} cannot be read: ${String(error)}. Use another DATA_DIR or set DATABASE_URL.`,
      { cause: error },
    )
  }
}

function foreignCluster(cluster: string, owner: number, uid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'DATA_FOLDER_UNUSABLE',
    `The database in ${cluster} belongs to user id ${owner}, and Parley runs as ${uid}: run it as the user who ` +
      `created it, or take the folder over with "sudo chown -R ${uid} ${cluster}".`,
  )
}

/** Gives a file or folder to the server's user, where that is not the present one. */
export async function handOver(path: string, user: ServerUser): Promise<void> {
  if (user.isSwitched) await chown(path, user.uid, user.gid)
}

/** Whether the mode bits let `user` enter every folder above `path` and read or execute `path` itself. */
export async function canReach(user: ServerUser, path: string): Promise<boolean> {
  let current = await realpath(path)
  let needed = READ_AND_ENTER
  for (;;) {
    if ((permissionsOf(user, await stat(current)) & needed) !== needed) return false
    const parent = dirname(current)
    if (parent === current) return true
    current = parent
    needed = ENTER
  }
}

function permissionsOf(user: ServerUser, { uid, gid, mode }: Stats): number {
  if (uid === user.uid) return mode >> 6
  return gid === user.gid ? mode >> 3 : mode
}
