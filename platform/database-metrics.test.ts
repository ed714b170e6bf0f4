import { defineEntity, p } from '@mikro-orm/core'
import { expect, it } from 'vitest'
import { createTestDatabase } from '../tests/support/test-database.ts'
import { openDatabase } from './database.ts'
import { createLogger } from './logging.ts'
import { createMetrics } from './metrics.ts'
import { readOne } from './testing/scrape.ts'

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })

it('a pool tells how many of its connections are busy and how many wait for one', async () => {
  await using database = await createTestDatabase()
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  const metrics = createMetrics()
  const given = { url: database.url, schema: 'things', entities: [Thing], migrations: [], logger }
  const orm = await openDatabase({ ...given, poolSize: 2, metrics })
  const connections = () => readOne(metrics, 'parley_database_pool_connections')
  const waiting = async () => (await readOne(metrics, 'parley_database_pool_waiting'))['']
  try {
    const letGo = Promise.withResolvers<void>()
    const held = [1, 2, 3, 4].map(() =>
      orm.em.fork().transactional(async (em) => {
        await em.execute('SELECT 1')
        await letGo.promise
      }),
    )
    await expect.poll(connections).toEqual({ 'state="busy"': 2, 'state="idle"': 0 })
    expect(await waiting()).toBe(2)
    expect(await readOne(metrics, 'parley_database_pool_limit')).toEqual({ '': 2 })

    letGo.resolve()
    await Promise.all(held)
    expect(await connections()).toEqual({ 'state="busy"': 0, 'state="idle"': 2 })
    expect(await waiting()).toBe(0)
  } finally {
    await orm.close(true)
  }
})
