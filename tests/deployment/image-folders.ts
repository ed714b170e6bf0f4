import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from '../support/compose-file.ts'

const dockerfile = readFileSync(join(PROJECT, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '')

/** Folders that every Debian has. */
const OF_THE_SYSTEM = ['bin', 'boot', 'dev', 'etc', 'home', 'lib', 'media', 'mnt', 'opt', 'proc', 'root', 'run', 'sbin']
  .concat('srv', 'sys', 'tmp', 'usr', 'var')
  .map((name) => `/${name}`)

/** Who the image's programs run as: a number. */
export const USER_OF_IMAGE = /^USER (\d+):/m.exec(dockerfile)?.[1]

/** How the Dockerfile makes folders one by one for an owner. */
const loop = /for \w+ in ([\w ]+); do install --directory --owner=(\d+) --group=\2 "(\/\w+)\/\$\w+"; done/.exec(
  dockerfile,
)

/**
 * The folders that the Dockerfile makes for the volumes of secrets.
 *
 * @throws Error when it makes them in another way than this reads.
 */
export function madeFolders(): string[] {
  const [, names = '', , parent] = loop ?? []
  if (parent === undefined) throw new Error('The Dockerfile makes no folders with a loop of install --directory.')
  return names.split(' ').map((name) => `${parent}/${name}`)
}

/** The number of the user who owns a path in our image, as far as the Dockerfile tells; undefined where there is nothing. */
export function ownerInImage(path: string): string | undefined {
  const made = madeFolders()
  if (made.includes(path)) return loop?.[2]
  const workdirs = [...dockerfile.matchAll(/^WORKDIR (\S+)$/gm)].map(([, folder = '']) => folder)
  const isHeld = [...OF_THE_SYSTEM, ...workdirs].some((folder) => path === folder || path.startsWith(`${folder}/`))
  const isParent = [...made, ...workdirs].some((folder) => folder.startsWith(`${path}/`))
  // What is below a folder of the system may be there or not; then it is root's.
  return isHeld || isParent ? '0' : undefined
}
