import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { administer } from '../administer.ts'
import { PROJECT } from '../compose-file.ts'
import { composedEnvironment, makeComposedSecrets } from '../composed-environment.ts'
import { makeComposedRoles } from '../composed-roles.ts'
import type { PostgresServer } from './postgres-server.ts'
import { copySecrets, placeOfDatabase } from './secrets.ts'

const MIGRATION_MS = 60_000
const TEMPLATE = 'parley_template'

/** What deployments in separate processes are made of; goes from the run to its workers. */
export interface DeploymentParts {
  /** The administrator's URL of the database from which others are made. */
  readonly templateUrl: string
  /** The folder of what Compose's service `secrets` has made. */
  readonly secrets: string
}

/**
 * Does what is done once where Compose starts: makes the secrets, the subgraphs' roles, each with rights on its own schema
 * only, and a database that both subgraphs have migrated, from which each graph gets a copy.
 *
 * @param folder receives the secrets.
 */
export async function prepareDatabases(server: PostgresServer, folder: string): Promise<DeploymentParts> {
  const secrets = join(folder, 'secrets')
  makeComposedSecrets(secrets, {})
  await administer(server.urlOf('postgres'), `CREATE DATABASE ${TEMPLATE}`)
  const templateUrl = server.urlOf(TEMPLATE)
  makeComposedRoles(templateUrl, secrets)
  const own = join(folder, 'migration')
  copySecrets(secrets, own, { 'postgres:5432/parley': placeOfDatabase(templateUrl) })
  for (const subgraph of ['auth', 'chat']) migrate(subgraph, own)
  rmSync(own, { recursive: true })
  return { templateUrl, secrets }
}

/** Makes a copy of the migrated database, with the same rights. */
export async function copyTemplate({ templateUrl }: DeploymentParts, name: string): Promise<string> {
  await administer(siblingOf(templateUrl, 'postgres'), `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`)
  const url = siblingOf(templateUrl, name)
  await administer(
    url,
    `REVOKE ALL ON DATABASE ${name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${name} TO parley_auth, parley_chat`,
  )
  return url
}

/** The URL of another database of the same server. */
export function siblingOf(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl)
  url.pathname = `/${name}`
  return url.href
}

function migrate(subgraph: string, secrets: string): void {
  const { PATH = '', HOME = '/' } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/role.ts', 'migrate', subgraph], {
    cwd: PROJECT,
    env: { PATH, HOME, ...composedEnvironment(`migrate-${subgraph}`, { hosts: {}, secrets }) },
    timeout: MIGRATION_MS,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`The migration of ${subgraph} failed.\n${stdout}${stderr}`)
}
