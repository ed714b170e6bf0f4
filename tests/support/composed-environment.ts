import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ComposeService, PROJECT, readCompose, serviceOf } from './compose-file.ts'

/** Where things are of which docker-compose.yml knows the place in a container. */
export interface ComposedPlaces {
  /** What stands for `postgres:5432`, `auth:4001` and so on, such as `127.0.0.1:40123`. */
  readonly hosts: Readonly<Record<string, string>>
  /** The folder that `makeComposedSecrets` was given. */
  readonly secrets: string
  /** Variables of whoever says `docker compose up`; none unless given. */
  readonly variables?: Readonly<Record<string, string>>
}

/**
 * The environment that docker-compose.yml gives a service, variable by variable: only its hosts and the paths of what is
 * mounted are replaced by those of this machine.
 */
export function composedEnvironment(service: string, places: ComposedPlaces): Record<string, string> {
  const composed = serviceOf(readCompose(places.variables), service)
  const paths = mountedPaths(composed, places.secrets)
  const here = (value: string) => withHosts(withPaths(value, paths), places.hosts)
  return Object.fromEntries(Object.entries(composed.environment).map(([name, value]) => [name, here(value)]))
}

/**
 * Runs what the service `secrets` runs, and puts these hosts into what it makes. The folder then has one folder for each
 * volume: `postgres`, `nats`, `redis`, `auth`, `chat`, `gateway` and `grafana`.
 */
export function makeComposedSecrets(folder: string, hosts: ComposedPlaces['hosts']): void {
  execFileSync(process.execPath, [join(PROJECT, 'scripts/role.ts'), 'make-secrets', folder], { stdio: 'pipe' })
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) rewrite(join(entry.parentPath, entry.name), (text) => withHosts(text, hosts))
  }
}

/** One of the secrets that were made, such as `postgres/auth-password`. */
export function composedSecret(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8').trim()
}

/** What is mounted where: the secrets' volume by its name, and files of the repository. */
function mountedPaths({ volumes }: ComposeService, secrets: string): [inContainer: string, here: string][] {
  return volumes.map((volume) => {
    const [source = '', target = ''] = volume.split(':')
    const here = source.startsWith('./') ? join(PROJECT, source) : join(secrets, source.replace(/^secrets-/, ''))
    return [target, here]
  })
}

function withPaths(value: string, paths: readonly [string, string][]): string {
  const mount = paths.find(([target]) => value === target || value.startsWith(`${target}/`))
  return mount ? `${mount[1]}${value.slice(mount[0].length)}` : value
}

function withHosts(value: string, hosts: ComposedPlaces['hosts']): string {
  return Object.entries(hosts).reduce((text, [name, here]) => text.replaceAll(name, here), value)
}

/** Anew, because its owner may not write to it. */
function rewrite(path: string, change: (text: string) => string): void {
  const text = change(readFileSync(path, 'utf8'))
  rmSync(path)
  writeFileSync(path, text, { mode: 0o444 })
}
