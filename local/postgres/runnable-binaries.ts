import { access, chmod, cp, lstat, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Binaries, programOf } from './binaries.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { completeLinks } from './library-links.ts'
import { publishFolder } from './published-folder.ts'
import { canReach, type ServerUser } from './server-user.ts'

/**
 * Makes sure that the server's user can run the binaries: where they are installed, or else from a copy (60 MB) in
 * `copiesFolder`, made once per version. A copy is needed for root with a project in a private folder such as /root,
 * and when links are missing in a folder that cannot be written.
 *
 * @throws EmbeddedPostgresError BINARIES_UNUSABLE
 */
export async function makeRunnable(installed: Binaries, user: ServerUser, copiesFolder: string): Promise<Binaries> {
  const folder = join(copiesFolder, `postgresql-${installed.version}-${installed.platform}`)
  const copy = { ...installed, folder }
  try {
    if ((await canReach(user, programOf(installed, 'postgres'))) && (await completeLinks(installed))) return installed
    await prepareCopiesFolder(copiesFolder, user)
    if (!(await exists(folder))) await publishFolder(folder, (temporary) => copyBinaries(installed, temporary))
    if ((await isOurs(folder)) && (await canReach(user, programOf(copy, 'postgres')))) return copy
  } catch (cause) {
    throw useless(installed, folder, cause instanceof Error ? cause.message : String(cause), { cause })
  }
  throw useless(installed, folder, 'that folder belongs to another user, or its mode is wrong')
}

async function prepareCopiesFolder(path: string, user: ServerUser): Promise<void> {
  const created = await mkdir(path, { recursive: true })
  if (created && user.isSwitched) await chmod(path, 0o755)
}

/** Someone else may have put a folder of that name there first, and a program from it would run as us. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder)
  return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o022) === 0
}

async function copyBinaries(installed: Binaries, folder: string): Promise<void> {
  await cp(join(installed.folder, 'native'), join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
  // First of all, because the copy of a folder that cannot be written cannot be written either.
  await settleFolder(folder)
  await completeLinks({ ...installed, folder })
}

/** Opens a tree to every reader, whatever the umask was, and writes it to the disk, so that no power cut empties it. */
async function settleFolder(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await settleFolder(path)
    else if (entry.isFile()) await settleFile(path)
  }
}

async function settleFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const isExecutable = ((await file.stat()).mode & 0o100) !== 0
    await file.chmod(isExecutable ? 0o755 : 0o644)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function useless(installed: Binaries, folder: string, reason: string, options?: ErrorOptions): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'BINARIES_UNUSABLE',
    `The embedded PostgreSQL in ${installed.folder} can run only from a copy in ${folder}, and there is none ` +
      `(${reason}): remove that folder, install Parley where every user can read it, or set DATABASE_URL.`,
    options,
  )
}
