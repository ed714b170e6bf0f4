import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { newTemporaryFolder, removeFolder } from '../../platform/testing/temporary-folder.ts'
import { createDatabase, ensureDatabase } from './create-database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { query } from './testing/query.ts'

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 })

let dataDirectory: string
let postgres: EmbeddedPostgres
beforeAll(async () => {
  dataDirectory = await newTemporaryFolder()
  postgres = await startEmbeddedPostgres({ dataDirectory })
})
afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
  await removeFolder(dataDirectory)
})

test('a database is created empty', async () => {
  await createDatabase(postgres, 'fresh')
  expect(await query(postgres, 'SELECT current_database()', 'fresh')).toEqual([['fresh']])
})

test('databases are created from one template side by side, each with its tables', async () => {
  await createDatabase(postgres, 'template_of-tests')
  await query(postgres, 'CREATE TABLE note AS SELECT 42 AS answer', 'template_of-tests')
  const names = ['copy_1', 'copy_2', 'copy_3', 'copy_4']
  await Promise.all(names.map((name) => createDatabase(postgres, name, { template: 'template_of-tests' })))
  const answers = await Promise.all(names.map((name) => query(postgres, 'SELECT answer FROM note', name)))
  expect(answers).toEqual(names.map(() => [[42]]))
})

test('a database that exists is an error to createDatabase', async () => {
  await createDatabase(postgres, 'taken')
  await expect(createDatabase(postgres, 'taken')).rejects.toMatchObject({ code: '42P04' })
})

test('a template to which someone is connected is an error that says so', async () => {
  await createDatabase(postgres, 'busy')
  const client = new Client(postgres.urlOf('busy'))
  await client.connect()
  await expect(createDatabase(postgres, 'copy_of_busy', { template: 'busy' })).rejects.toThrow(
    'source database "busy" is being accessed by other users',
  )
  await client.end()
})

test('ensureDatabase creates a missing database once, however many ask, and leaves an existing one alone', async () => {
  await Promise.all(Array.from({ length: 8 }, () => ensureDatabase(postgres, 'parley')))
  await query(postgres, 'CREATE TABLE note AS SELECT 42 AS answer', 'parley')
  await ensureDatabase(postgres, 'parley')
  expect(await query(postgres, 'SELECT answer FROM note', 'parley')).toEqual([[42]])
})

test.each(['', 'Upper', '1st', 'semi;colon', 'quo"te', 'x'.repeat(64)])('the name %j is refused', async (name) => {
  await expect(createDatabase(postgres, name)).rejects.toMatchObject({ code: 'DATABASE_NAME_INVALID' })
  await expect(createDatabase(postgres, 'good', { template: name })).rejects.toMatchObject({
    code: 'DATABASE_NAME_INVALID',
  })
})
