import { defineEntity, p } from '@mikro-orm/core'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { createTestDatabase } from '../tests/support/test-database.ts'
import { openDatabase } from './database.ts'
import { isDatabaseAway } from './database-away.ts'
import { createLogger } from './logging.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })

async function open(poolSize: number) {
  const database = await createTestDatabase()
  const { url } = database
  const orm = await openDatabase({ url, schema: 'chat', entities: [Thing], migrations: [], poolSize, logger })
  return { database, orm }
}

/** Ends, from outside, the connection that runs a statement. */
async function terminate(url: string, backend: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('SELECT pg_terminate_backend($1)', [backend])
  await client.end()
}

describe('a database', () => {
  it('that ends a connection in the middle of a transaction is away, and the pool is whole again afterwards', async () => {
    const { database, orm } = await open(2)
    for (let round = 0; round < 4; round += 1) {
      const broken = orm.em.fork().transactional(async (em) => {
        const [row] = await em.execute<[{ pid: number }]>('SELECT pg_backend_pid() AS pid')
        await terminate(database.url, row.pid)
        await em.execute('SELECT 1')
      })
      await expect(broken.catch((error: unknown) => isDatabaseAway(error))).resolves.toBe(true)
    }
    expect(await orm.em.fork().execute('SELECT 1 AS one')).toEqual([{ one: 1 }])
    await orm.close(true)
    await database[Symbol.asyncDispose]()
  })

  it('that refuses a statement is not away', async () => {
    const { database, orm } = await open(1)
    const refused = orm.em.fork().execute('SELECT no_such_column')
    await expect(refused.catch((error: unknown) => isDatabaseAway(error))).resolves.toBe(false)
    await orm.close(true)
    await database[Symbol.asyncDispose]()
  })
})
