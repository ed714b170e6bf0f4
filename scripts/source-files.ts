import { type Dirent, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Lists the project's own TypeScript, relative to its root and sorted; generated and installed code is not ours. */
export function listSourceFiles(directory: string = root): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => {
      if (entry.isDirectory()) return isOurs(entry) ? listSourceFiles(join(directory, entry.name)) : []
      return isHandWritten(entry.name) ? [relative(root, join(directory, entry.name))] : []
    })
    .sort()
}

function isOurs(directory: Dirent): boolean {
  return directory.name !== 'node_modules' && !directory.name.startsWith('.')
}

function isHandWritten(fileName: string): boolean {
  return fileName.endsWith('.ts') && !fileName.endsWith('.generated.ts')
}
