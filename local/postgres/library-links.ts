import { access, readFile, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Binaries } from './binaries.ts'

const NOT_WRITABLE = ['EACCES', 'EPERM', 'EROFS']

/**
 * Makes the links between the libraries that are missing. A package of npm holds no links: this one lists them in
 * pg-symlinks.json, and its install script makes them, unless npm was told to run no scripts.
 *
 * @returns false when links are missing and the folder cannot be written.
 */
export async function completeLinks({ folder }: Binaries): Promise<boolean> {
  for (const { source, target } of await readLinks(folder)) {
    const failure = await access(join(folder, target)).then(
      () => undefined,
      () => makeLink(relative(dirname(target), source), join(folder, target)),
    )
    if (failure && NOT_WRITABLE.includes(failure)) return false
  }
  return true
}

async function makeLink(source: string, link: string): Promise<string | undefined> {
  try {
    await symlink(source, link)
    return undefined
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    if (code === 'EEXIST' || (code && NOT_WRITABLE.includes(code))) return code
    throw error
  }
}

async function readLinks(folder: string): Promise<{ source: string; target: string }[]> {
  return JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8'))
}
