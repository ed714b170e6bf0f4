import { randomUUID } from 'node:crypto'
import { defineEntity, p } from '@mikro-orm/core'
import { Migration } from '@mikro-orm/migrations'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { administer } from '../tests/support/administer.ts'
import { createTestDatabase, type TestDatabase } from '../tests/support/test-database.ts'
import { openDatabase } from './database.ts'
import { ConfigurationError } from './environment.ts'
import { createLogger } from './logging.ts'

/** Notes the timeout under which it ran. */
class Things extends Migration {
  override up(): void {
    this.addSql(`CREATE TABLE things.thing AS
      SELECT setting::bigint AS timeout_ms FROM pg_settings WHERE name = 'statement_timeout'`)
  }
}

class Broken extends Migration {
  override up(): void {
    this.addSql('CREATE TABLE things.half (id integer)')
    this.addSql('SELECT no_such_column')
  }
}

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })

const THINGS = { name: '001-things', class: Things }
const BROKEN = { name: '002-broken', class: Broken }

describe('a database that is opened', () => {
  const databases: TestDatabase[] = []
  const roles: string[] = []
  afterEach(async () => {
    for (const database of databases.splice(0)) await database[Symbol.asyncDispose]()
    const server = await createTestDatabase()
    for (const role of roles.splice(0)) await administer(server.url, `DROP ROLE ${role}`)
    await server[Symbol.asyncDispose]()
  })

  async function newDatabase(): Promise<string> {
    const database = await createTestDatabase()
    databases.push(database)
    return database.url
  }

  /** A role that has no rights in the database but what everybody has, and its URL of that database. */
  async function asRoleWithoutRights(url: string): Promise<{ role: string; url: string }> {
    const role = `role_${randomUUID().replaceAll('-', '')}`
    await administer(url, `CREATE ROLE ${role} LOGIN`)
    roles.push(role)
    return { role, url: url.replace(/\/\/[^@]+@/u, `//${role}@`) }
  }

  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

  const open = (url: string, { migrations = [THINGS], ...rest }: Partial<Parameters<typeof openDatabase>[0]> = {}) =>
    openDatabase({ url, schema: 'things', entities: [Thing], migrations, logger, ...rest })

  async function read(url: string, statement: string): Promise<Record<string, unknown>[]> {
    const orm = await open(url)
    try {
      return await orm.em.fork().execute<Record<string, unknown>[]>(statement)
    } finally {
      await orm.close(true)
    }
  }

  const failureOf = (opening: Promise<unknown>) => opening.then(() => undefined).catch((error: unknown) => error)

  it('was migrated without a timeout, also where its role has one, and is used with one', async () => {
    const url = await newDatabase()
    const { role, url: ownersUrl } = await asRoleWithoutRights(url)
    const name = new URL(url).pathname.slice(1)
    await administer(
      url,
      `GRANT CREATE ON DATABASE ${name} TO ${role}; ALTER ROLE ${role} SET statement_timeout = 1234`,
    )

    const [row] = await read(
      ownersUrl,
      `SELECT timeout_ms, current_setting('statement_timeout') AS now FROM things.thing`,
    )
    expect(row).toEqual({ timeout_ms: String(2 ** 31 - 1), now: '10s' })
  })

  it('ends transactions that rest for 30 seconds, and finds out when the host of a client is gone', async () => {
    const settings = await read(
      await newDatabase(),
      `SELECT name, reset_val AS value FROM pg_settings
       WHERE name ~ '^(idle_in_transaction_session_timeout|tcp_keepalives_.*)$' ORDER BY name`,
    )
    expect(settings).toEqual([
      { name: 'idle_in_transaction_session_timeout', value: '30000' },
      { name: 'tcp_keepalives_count', value: '3' },
      { name: 'tcp_keepalives_idle', value: '30' },
      { name: 'tcp_keepalives_interval', value: '10' },
    ])
  })

  it('keeps the migrations before the one that fails, and nothing of that one', async () => {
    const url = await newDatabase()
    const failure = await failureOf(open(url, { migrations: [THINGS, BROKEN] }))
    expect(String(failure)).toContain('no_such_column')

    const { rows } = await administer(
      url,
      `SELECT to_regclass('things.thing') IS NOT NULL AS thing, to_regclass('things.half') IS NOT NULL AS half,
         (SELECT array_agg(name::text) FROM things.mikro_orm_migrations) AS migrations`,
    )
    expect(rows).toEqual([{ thing: true, half: false, migrations: ['001-things'] }])
  })

  describe('while another process migrates it', () => {
    const clients: pg.Client[] = []
    afterEach(async () => {
      for (const client of clients.splice(0)) await client.end()
    })

    async function migrating(url: string): Promise<pg.Client> {
      const other = new pg.Client({ connectionString: url, application_name: 'the-other' })
      clients.push(other)
      await other.connect()
      await other.query(`SELECT pg_advisory_lock(hashtextextended('parley.migrations.things', 0))`)
      return other
    }

    it('says for whom it waits, and goes on when that one is done', async () => {
      const url = await newDatabase()
      const other = await migrating(url)
      const waiting = Promise.withResolvers<unknown>()
      const attentive = createLogger({ name: 'test', level: 'silent', format: 'json' })
      attentive.info = (facts: unknown, message?: string) => {
        if (message?.startsWith('waiting for')) waiting.resolve(facts)
      }
      const opening = open(url, { logger: attentive })
      expect(await waiting.promise).toMatchObject({
        schema: 'things',
        application: 'the-other',
        pid: expect.any(Number),
        since: expect.any(Date),
      })
      await other.query('SELECT pg_advisory_unlock_all()')
      const orm = await opening
      await orm.close(true)
    })

    it('fails after a while, and says who it is and what to do', async () => {
      const url = await newDatabase()
      const other = await migrating(url)
      const { rows } = await other.query('SELECT pg_backend_pid() AS pid')
      const failure = await failureOf(open(url, { migrationWaitMs: 1 }))
      expect(failure).toBeInstanceOf(ConfigurationError)
      expect(String(failure)).toContain('another process still migrates the schema things (the-other from')
      expect(String(failure)).toContain(`pg_terminate_backend(${rows[0].pid})`)
    })
  })

  describe('by a role without the right to create schemas', () => {
    it('is refused with what to do when the schema is missing', async () => {
      const { role, url } = await asRoleWithoutRights(await newDatabase())
      const failure = await failureOf(open(url))
      expect(failure).toBeInstanceOf(ConfigurationError)
      expect(String(failure)).toContain(`CREATE SCHEMA "things" AUTHORIZATION ${role}`)
      expect(String(failure)).toContain('permission denied for database')
    })

    it('is migrated when the role owns the schema', async () => {
      const owners = await newDatabase()
      const { role, url } = await asRoleWithoutRights(owners)
      await administer(owners, `CREATE SCHEMA things AUTHORIZATION ${role}`)
      expect(await read(url, 'SELECT 1 AS one FROM things.thing')).toEqual([{ one: 1 }])
      expect(await read(url, 'SELECT 2 AS two FROM things.thing')).toEqual([{ two: 2 }])
    })

    it('is refused with what to do when the schema is somebody else’s', async () => {
      const owners = await newDatabase()
      const { role, url } = await asRoleWithoutRights(owners)
      await administer(owners, 'CREATE SCHEMA things')
      const failure = await failureOf(open(url))
      expect(failure).toBeInstanceOf(ConfigurationError)
      expect(String(failure)).toContain(`(permission denied for schema things)`)
      expect(String(failure)).toContain(`ALTER SCHEMA "things" OWNER TO ${role}`)
    })
  })
})
