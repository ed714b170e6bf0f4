import { readFileSync } from 'node:fs'
import { ConfigurationError } from './environment.ts'

/** The variables that hold a secret. Each can be given as a file too, because what runs a container shows its variables. */
export const SECRET_VARIABLES = [
  'ADMIN_PASSWORD',
  'AI_MODERATION_API_KEY',
  'DATABASE_URL',
  'JWT_SIGNING_KEY',
  'NATS_URL',
  'OPENAI_API_KEY',
  'REDIS_URL',
  'SERVICE_SECRET',
  'SMTP_URL',
] as const

/**
 * The environment with `<NAME>` in place of each `<NAME>_FILE` whose name is that of a secret: the text of that file
 * without white space around it. An empty `<NAME>_FILE` and an empty `<NAME>` count as unset.
 *
 * @throws ConfigurationError that names every variable whose file cannot be read or holds nothing, and every one that is
 * given in both ways; never what the file holds.
 */
export function readSecretFiles(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const read = { ...environment }
  const complaints: string[] = []
  for (const name of SECRET_VARIABLES) {
    const variable = `${name}_FILE`
    const path = environment[variable]
    delete read[variable]
    if (!path) continue
    if (environment[name]) complaints.push(`${variable}: is set and ${name} too; leave one of them out`)
    else readInto(read, name, path, (wrong) => complaints.push(`${variable}: ${wrong}`))
  }
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  return read
}

function readInto(environment: NodeJS.ProcessEnv, name: string, path: string, complain: (wrong: string) => void): void {
  try {
    const text = readFileSync(path, 'utf8').trim()
    if (text === '') complain(`the file ${path} is empty`)
    else environment[name] = text
  } catch (error) {
    complain(`the file ${path} cannot be read (${error instanceof Error && 'code' in error ? error.code : error})`)
  }
}
