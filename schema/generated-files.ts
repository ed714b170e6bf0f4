import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A committed file that is made of others. */
export type GeneratedFile = { readonly path: string; readonly content: string }

const root = join(import.meta.dirname, '..')

/** Writes files at their paths in the repository, and says so. */
export async function writeFiles(files: readonly GeneratedFile[]): Promise<void> {
  await Promise.all(files.map(write))
  for (const { path } of files) console.log(`wrote ${path}`)
}

/**
 * One complaint when any of the files is not what is committed; none when all are.
 *
 * @param source what they are generated from, for the reader of the complaint.
 * @param command what writes them.
 */
export async function findDrift(files: readonly GeneratedFile[], source: string, command: string): Promise<string[]> {
  const current = await Promise.all(files.map(isCurrent))
  const drifted = files.filter((_, index) => !current[index]).map(({ path }) => path)
  if (drifted.length === 0) return []
  return [`Not what ${source} generates: ${drifted.join(', ')}. Run "${command}" and commit the result.`]
}

async function write({ path, content }: GeneratedFile): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), content)
}

async function isCurrent({ path, content }: GeneratedFile): Promise<boolean> {
  const committed = await readFile(join(root, path), 'utf8').catch(() => undefined)
  return committed === content
}
