import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/** PostgreSQL's programs, as a package of npm brings them. */
export interface Binaries {
  /** The package's folder; the programs are in native/bin. */
  readonly folder: string
  /** The package's version, e.g. `18.4.0-beta.17`. */
  readonly version: string
  /** The package's name without its scope, e.g. `linux-x64`. */
  readonly platform: string
}

/** The path of one of PostgreSQL's programs. */
export function programOf(binaries: Binaries, name: 'initdb' | 'postgres'): string {
  return join(binaries.folder, 'native', 'bin', name)
}

/** PostgreSQL's major version, e.g. `18`. */
export function majorOf({ version }: Binaries): string {
  return version.slice(0, version.indexOf('.'))
}

/**
 * Finds the installed binaries for a platform, named as Node names it (`process.platform` and `process.arch`).
 *
 * @throws EmbeddedPostgresError NO_BINARIES
 */
export async function findBinaries(platform = `${process.platform}-${process.arch}`): Promise<Binaries> {
  const name = `@embedded-postgres/${platform}`
  try {
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version }: { version: string } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return { folder, version, platform }
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'NO_BINARIES',
      `Parley has no embedded PostgreSQL for ${platform} (the package ${name} is not installed): ` +
        'set DATABASE_URL to a PostgreSQL server, version 15 or newer.',
      { cause },
    )
  }
}
