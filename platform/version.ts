import { readFileSync } from 'node:fs'

let version: string | undefined

/** The version of Parley, of which this process is a part. */
export function versionOfParley(): string {
  version ??= (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
    .version
  return version
}
