import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, matchesGlob, relative } from 'node:path'
import { PROJECT } from '../support/compose-file.ts'

/** Whether .dockerignore lets a file of the repository into an image: its last rule that fits decides. */
export function isSent(path: string): boolean {
  const rules = readFileSync(join(PROJECT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  return rules.reduce((sent, rule) => {
    const pattern = rule.replace(/^!/, '')
    // To Docker a name that begins with a dot is one like any other.
    const fits = pattern === '*' || matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`)
    return fits ? rule.startsWith('!') : sent
  }, true)
}

/** The files of a folder that are sent, from the repository's root. */
export function sentFiles(folder: string): string[] {
  return readdirSync(join(PROJECT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(PROJECT, join(entry.parentPath, entry.name)))
    .filter(isSent)
}

/** Every file of ours that a program needs: what it imports, and what it reads beside its own source. */
export function neededBy(program: string): string[] {
  const needed = new Set<string>()
  const visit = (path: string) => {
    if (needed.has(path)) return
    needed.add(path)
    if (!path.endsWith('.ts')) return
    const source = readFileSync(join(PROJECT, path), 'utf8')
    const references = source.matchAll(/(?:\bfrom |\bimport |\bimport\(|new URL\()'(\.{1,2}\/[^']+\.\w+)'/g)
    for (const [, reference = ''] of references) visit(join(dirname(path), reference))
  }
  visit(program)
  return [...needed]
}
