import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Copies the secrets that were made for Compose, in which stores are known by their places in its networks.
 *
 * @param places what stands for `postgres:5432/parley` and so on.
 */
export function copySecrets(from: string, to: string, places: Readonly<Record<string, string>>): void {
  cpSync(from, to, { recursive: true })
  for (const entry of readdirSync(to, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const text = Object.entries(places).reduce(
      (changed, [name, here]) => changed.replaceAll(name, here),
      readFileSync(path, 'utf8'),
    )
    // Anew, because nobody may write to what was made.
    rmSync(path)
    writeFileSync(path, text, { mode: 0o400 })
  }
}

/** How a database is reached, as the part of its URL behind the credentials. */
export function placeOfDatabase(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}
