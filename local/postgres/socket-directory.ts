import { mkdtemp, readlink, rm, rmdir, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { canReach, handOver, type ServerUser } from './server-user.ts'

/** The port is a part of the socket's file name and no more: nothing listens on the network. */
export const SOCKET_PORT = 5432

const PREFIX = 'parley-postgres-'
const SOCKET_FILE = `.s.PGSQL.${SOCKET_PORT}`
/** The least that systems grant to a socket's path: 108 bytes on Linux, 104 on macOS, each with a final zero byte. */
const LONGEST_SOCKET_PATH = 103

/**
 * Creates a folder with a short path for the server's socket. Only the server's user and root can enter it, which is
 * all the protection there is, because the server asks for no password.
 */
export async function createSocketDirectory(user: ServerUser): Promise<string> {
  const path = await mkdtemp(join(await findParent(user), PREFIX))
  await handOver(path, user)
  return path
}

async function findParent(user: ServerUser): Promise<string> {
  for (const parent of [tmpdir(), '/tmp']) {
    const isShort = Buffer.byteLength(join(parent, `${PREFIX}XXXXXX`, SOCKET_FILE)) <= LONGEST_SOCKET_PATH
    if (isShort && (await canReach(user, parent))) return parent
  }
  throw new EmbeddedPostgresError(
    'START_FAILED',
    'There is no folder for the socket of the database: set TMPDIR to a short path that every user can enter.',
  )
}

/**
 * Lets `link` lead to the socket folder of the server that runs, and removes the folder to which it led before: the
 * one of a Parley that was killed. So at most one is ever left behind. To be called by the holder of the data folder.
 */
export async function rememberSocketDirectory(link: string, path: string): Promise<void> {
  const previous = await readlink(link).catch(() => undefined)
  if (previous) await removeSocketDirectory(previous)
  await rm(link, { force: true })
  await symlink(path, link)
}

/** Removes the link, if it still is ours, and the folder. */
export async function forgetSocketDirectory(link: string, path: string): Promise<void> {
  if ((await readlink(link).catch(() => undefined)) === path) await rm(link, { force: true })
  await removeSocketDirectory(path)
}

/** Removes by name what PostgreSQL puts there, not the whole tree, so that a forged link can do no harm. */
export async function removeSocketDirectory(path: string): Promise<void> {
  if (!basename(path).startsWith(PREFIX)) return
  for (const file of [SOCKET_FILE, `${SOCKET_FILE}.lock`]) await rm(join(path, file), { force: true })
  await rmdir(path).catch(() => {})
}
