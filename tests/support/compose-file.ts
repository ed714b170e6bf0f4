import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

/** The repository, against which paths in docker-compose.yml are. */
export const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

const service = z.looseObject({
  image: z.string(),
  build: z.unknown().optional(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.coerce.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  deploy: z.looseObject({ resources: z.looseObject({ limits: z.record(z.string(), z.unknown()) }) }).optional(),
})
const composeFile = z.looseObject({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.looseObject({ internal: z.boolean().optional() }).nullable()),
  volumes: z.record(z.string(), z.unknown()),
})

/** A service as Compose understands it, in the forms that our file uses. */
export type ComposeService = z.output<typeof service>
/** What docker-compose.yml says, with its anchors merged and its variables put in. */
export type ComposeFile = z.output<typeof composeFile>

/** A file of Compose with its anchors merged and its variables put in, as plain JSON. */
export function parseCompose(path = 'docker-compose.yml', variables: Readonly<Record<string, string>> = {}): unknown {
  const text = JSON.stringify(parse(readFileSync(join(PROJECT, path), 'utf8'), { merge: true }))
  return JSON.parse(text, (_key, value: unknown) => (typeof value === 'string' ? interpolate(value, variables) : value))
}

/** Reads docker-compose.yml as Compose does, where these are the only variables that are set. */
export function readCompose(variables: Readonly<Record<string, string>> = {}): ComposeFile {
  return composeFile.parse(parseCompose('docker-compose.yml', variables))
}

/** The service of this name. */
export function serviceOf(compose: ComposeFile, name: string): ComposeService {
  const found = compose.services[name]
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}.`)
  return found
}

/** `${NAME-default}` when it is unset, `${NAME:-default}` when it is empty too, and `$$` for a dollar sign. */
function interpolate(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\{(\w+)(:?)-([^}]*)\}|\$\{?\w*/g, (match, name?: string, empty?: string, other = '') => {
    if (match === '$$') return '$'
    if (name === undefined)
      throw new Error(`${match}: write \${NAME:-default}, because Compose must start without a .env.`)
    const value = variables[name]
    return value === undefined || (empty === ':' && value === '') ? other : value
  })
}
