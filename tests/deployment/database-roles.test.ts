import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, expect, it, type TestContext, vi } from 'vitest'
import { requireProgram } from '../../platform/testing/server-process.ts'
import { newTemporaryFolder, removeFolder } from '../../platform/testing/temporary-folder.ts'
import { administer } from '../support/administer.ts'
import { composedSecret, makeComposedSecrets } from '../support/composed-environment.ts'
import { makeComposedRoles } from '../support/composed-roles.ts'
import { type PostgresServer, startPostgresServer } from '../support/deployment/postgres-server.ts'
import { STORES } from '../support/deployment/stores.ts'
import { runRole } from '../support/run-role.ts'

vi.setConfig({ testTimeout: 60_000 })

/** A database as Compose's Postgres has it after its first start, and both migrations. */
interface Composed {
  readonly server: PostgresServer
  readonly adminUrl: string
  readonly secrets: string
  readonly urls: { readonly auth: string; readonly chat: string }
}

let starting: Promise<Composed> | undefined

/** One for all tests of this file. */
function composed(context: TestContext): Promise<Composed> {
  requireProgram(context, STORES.initdb, "Install Debian's postgresql-15, or set POSTGRES_BIN.")
  requireProgram(context, 'psql', "Install Debian's postgresql-client.")
  starting ??= start()
  return starting
}

async function start(): Promise<Composed> {
  const server = await startPostgresServer()
  const adminUrl = server.urlOf('parley')
  await administer(server.urlOf('postgres'), 'CREATE DATABASE parley')
  const secrets = await newTemporaryFolder()
  makeComposedSecrets(secrets, { 'postgres:5432': new URL(adminUrl).host })
  makeComposedRoles(adminUrl, secrets)
  const urls = {
    auth: composedSecret(secrets, 'auth/database-url'),
    chat: composedSecret(secrets, 'chat/database-url'),
  }
  return { server, adminUrl, secrets, urls }
}

afterAll(async () => {
  const database = await starting
  await database?.server[Symbol.asyncDispose]()
  if (database) await removeFolder(database.secrets)
})

/** What Postgres says to a statement, or that it did it. */
async function attempt(url: string, statement: string): Promise<string> {
  try {
    await administer(url, statement)
    return 'done'
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.code ?? '') : String(error)
  }
}

const INSUFFICIENT_PRIVILEGE = '42501'
const INVALID_PASSWORD = '28P01'

it('both schemas can be migrated, each by its own role, and once more without a change', async (context) => {
  const { urls } = await composed(context)
  for (const schema of ['auth', 'chat', 'auth'] as const) {
    const { stdout, stderr, code } = await runRole(['migrate', schema], {
      DATABASE_URL: urls[schema],
      LOG_LEVEL: 'warn',
    })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stdout).toBe(`The schema ${schema} is up to date.\n`)
  }
})

it('neither role can read, change or see into the other one’s schema', async (context) => {
  const { urls } = await composed(context)
  expect(await attempt(urls.auth, 'SELECT count(*) FROM auth.user')).toBe('done')
  expect(await attempt(urls.chat, 'SELECT count(*) FROM chat.message')).toBe('done')
  for (const [url, table] of [
    [urls.chat, 'auth.user'],
    [urls.auth, 'chat.message'],
  ] as const) {
    for (const statement of [
      `SELECT * FROM ${table}`,
      `DELETE FROM ${table}`,
      `DROP TABLE ${table}`,
      `SELECT '${table}'::regclass`,
      `CREATE TABLE ${table}_of_mine (id int)`,
    ]) {
      expect(await attempt(url, statement), statement).toBe(INSUFFICIENT_PRIVILEGE)
    }
  }
})

it.for([
  'CREATE SCHEMA another',
  'CREATE TABLE public.thing (id int)',
  'CREATE TEMPORARY TABLE thing (id int)',
  'CREATE DATABASE another',
  'CREATE ROLE another',
  'SELECT * FROM pg_authid',
  "COPY (SELECT 1) TO PROGRAM 'cat'",
  'SET ROLE postgres',
])('neither role may do this: %s', async (statement, context) => {
  const { urls } = await composed(context)
  for (const url of Object.values(urls)) {
    const code = await attempt(url, statement)
    expect([INSUFFICIENT_PRIVILEGE, '22023'], `${statement}: ${code}`).toContain(code)
  }
})

it('a third role may not even connect', async (context) => {
  const { adminUrl } = await composed(context)
  await administer(adminUrl, "CREATE ROLE stranger LOGIN PASSWORD 'a stranger’s own'")
  const url = new URL(adminUrl)
  url.username = 'stranger'
  url.password = 'a stranger’s own'
  expect(await attempt(url.href, 'SELECT 1')).toBe(INSUFFICIENT_PRIVILEGE)
})

it('the script may run again, and then gives the roles their new passwords', async (context) => {
  const { adminUrl, secrets, urls } = await composed(context)
  const renewed = 'a new password with a quote\'s worth of "trouble" \\ in it'
  const path = join(secrets, 'postgres/chat-password')
  rmSync(path)
  writeFileSync(path, renewed)
  makeComposedRoles(adminUrl, secrets)
  expect(await attempt(urls.chat, 'SELECT 1')).toBe(INVALID_PASSWORD)
  const url = new URL(urls.chat)
  url.password = encodeURIComponent(renewed)
  expect(await attempt(url.href, 'SELECT count(*) FROM chat.conversation')).toBe('done')
  expect(await attempt(urls.auth, 'SELECT count(*) FROM auth.user')).toBe('done')
})
