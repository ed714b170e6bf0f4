import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../platform/environment.ts'
import { createLogger } from '../../../platform/logging.ts'
import { administer } from '../../../tests/support/administer.ts'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts'
import { openChatDatabase } from '../database.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

describe('a database that search is added to', () => {
  const databases: TestDatabase[] = []
  const roles: string[] = []
  afterEach(async () => {
    const [server] = databases
    for (const database of databases.splice(1)) await database[Symbol.asyncDispose]()
    for (const role of roles.splice(0))
      if (server) await administer(server.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`)
    for (const database of databases.splice(0)) await database[Symbol.asyncDispose]()
  })

  async function newDatabase(statements = ''): Promise<string> {
    const database = await createTestDatabase()
    databases.push(database)
    await administer(database.url, statements)
    return database.url
  }

  /** A role that is no superuser and may create schemas in the database, and its URL of that database. */
  async function asPlainRole(url: string): Promise<{ role: string; url: string }> {
    const role = `role_${randomUUID().replaceAll('-', '')}`
    roles.push(role)
    const named = new URL(url)
    await administer(url, `CREATE ROLE ${role} LOGIN; GRANT CREATE ON DATABASE ${named.pathname.slice(1)} TO ${role}`)
    return { role, url: url.replace(/\/\/[^@]+@/u, `//${role}@`) }
  }

  async function schemaOfExtension(url: string): Promise<unknown> {
    const orm = await openChatDatabase(url, logger)
    try {
      const [row] = await orm.em
        .fork()
        .execute<{ schema: string }[]>(
          `SELECT extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'pg_trgm'`,
        )
      return row?.schema
    } finally {
      await orm.close(true)
    }
  }

  it('gets the extension in the schema of chat, from a role that is no superuser', async () => {
    const { url } = await asPlainRole(await newDatabase())
    expect(await schemaOfExtension(url)).toBe('chat')
  })

  it('may have the extension in a schema of its operator’s already', async () => {
    const url = await newDatabase('CREATE SCHEMA "Our tools"; CREATE EXTENSION pg_trgm SCHEMA "Our tools"')
    expect(await schemaOfExtension(url)).toBe('"Our tools"')
  })

  it('is left as it was when its operator’s schema is closed to chat, and the error says what to do', async () => {
    const owned = await newDatabase('CREATE SCHEMA tools; CREATE EXTENSION pg_trgm SCHEMA tools')
    const { role, url } = await asPlainRole(owned)
    const failure = await openChatDatabase(url, logger).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ConfigurationError)
    expect(String(failure)).toContain(`GRANT USAGE ON SCHEMA tools TO "${role}"`)

    await administer(owned, `GRANT USAGE ON SCHEMA tools TO ${role}`)
    expect(await schemaOfExtension(url)).toBe('tools')
  })
})
