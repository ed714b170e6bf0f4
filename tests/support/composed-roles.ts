import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { PROJECT } from './compose-file.ts'

const SCRIPT = join(PROJECT, 'deploy/compose/postgres-roles.sh')

/**
 * Runs on a database what Compose's Postgres runs on an empty one: it then has the roles `parley_auth` and `parley_chat`
 * with the passwords that were made for them, and their schemas.
 *
 * @param databaseUrl of an administrator.
 * @param secrets the folder that `makeComposedSecrets` was given.
 */
export function makeComposedRoles(databaseUrl: string, secrets: string): void {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  execFileSync('/bin/sh', [SCRIPT], {
    stdio: 'pipe',
    env: {
      PATH: process.env.PATH,
      PGHOST: hostname,
      PGPORT: port,
      PGPASSWORD: decodeURIComponent(password),
      POSTGRES_USER: decodeURIComponent(username),
      POSTGRES_DB: pathname.slice(1),
      AUTH_PASSWORD_FILE: join(secrets, 'postgres/auth-password'),
      CHAT_PASSWORD_FILE: join(secrets, 'postgres/chat-password'),
    },
  })
}
