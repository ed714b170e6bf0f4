import { access, appendFile, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MikroORM } from '@mikro-orm/postgresql'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { newTemporaryFolder, removeFolder, temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { processesNaming } from './testing/parley-process.ts'
import { query } from './testing/query.ts'
import { runningPostgres } from './testing/running-postgres.ts'

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 })

let dataDirectory: string
beforeAll(async () => {
  dataDirectory = await newTemporaryFolder()
})
afterAll(() => removeFolder(dataDirectory))

async function postmasterId(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDirectory, 'cluster', 'postmaster.pid'), 'utf8'), 10)
}

describe('a start', () => {
  test('on an empty folder creates a database, and says in one line where the data lies', async () => {
    const [folder, messages] = [join(await temporaryFolder(), 'not', 'there', 'yet'), [] as string[]]
    const postgres = await runningPostgres(folder, messages)
    expect(await query(postgres, 'SELECT 1')).toEqual([[1]])
    expect(messages).toEqual([expect.stringContaining(`keeps its data in ${join(folder, 'cluster')}`)])
  })

  test('succeeds in a folder whose path is longer than that of a socket may be', async () => {
    const postgres = await runningPostgres(join(await temporaryFolder(), 'long'.repeat(40)))
    expect(await query(postgres, 'SELECT 1')).toEqual([[1]])
  })

  test('after an orderly end finds the data of the one before', async () => {
    const first = await runningPostgres(dataDirectory)
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first[Symbol.asyncDispose]()
    const second = await runningPostgres(dataDirectory)
    expect(await query(second, 'SELECT answer FROM kept')).toEqual([[42]])
  })

  test('empties a server log that has grown beyond 1 MiB', async () => {
    const log = join(dataDirectory, 'server.log')
    await appendFile(log, '')
    await truncate(log, 1_048_577)
    await runningPostgres(dataDirectory)
    const { size } = await stat(log)
    expect(size).toBeGreaterThan(0)
    expect(size).toBeLessThan(10_000)
  })

  test('that fails tells the last words of the server, and succeeds once the reason is gone', async () => {
    const folder = await temporaryFolder()
    const settings = join(folder, 'cluster', 'postgresql.conf')
    const postgres = await runningPostgres(folder)
    await postgres[Symbol.asyncDispose]()
    const original = await readFile(settings)
    await appendFile(settings, '\nno_such_setting = 1\n')
    await expect(startEmbeddedPostgres({ dataDirectory: folder })).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('unrecognized configuration parameter "no_such_setting"'),
    })
    await writeFile(settings, original)
    expect(await query(await runningPostgres(folder), 'SELECT 1')).toEqual([[1]])
  })
})

describe('a data folder is refused', () => {
  test('when it holds something else, which stays untouched', async () => {
    const folder = await temporaryFolder()
    const diary = join(folder, 'cluster', 'diary.txt')
    await mkdir(join(folder, 'cluster'))
    await writeFile(diary, 'Dear diary')
    await expect(startEmbeddedPostgres({ dataDirectory: folder })).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringContaining('is not empty and holds no database'),
    })
    expect(await readFile(diary, 'utf8')).toBe('Dear diary')
  })

  test('when its data is of another major version, and both versions are named', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'cluster'))
    await writeFile(join(folder, 'cluster', 'PG_VERSION'), '12\n')
    await expect(startEmbeddedPostgres({ dataDirectory: folder })).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringMatching(/made by PostgreSQL 12, and this Parley brings 18/),
    })
  })

  test('when it is a file', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    await expect(startEmbeddedPostgres({ dataDirectory: file })).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringContaining(file),
    })
  })
})

describe('a running server', () => {
  let postgres: EmbeddedPostgres
  beforeAll(async () => {
    postgres = await startEmbeddedPostgres({ dataDirectory })
  })
  afterAll(() => postgres[Symbol.asyncDispose]())

  test('loses nothing and listens on no network', async () => {
    const settings = `SELECT current_setting('fsync'), current_setting('synchronous_commit'),
      current_setting('full_page_writes'), current_setting('listen_addresses'), current_setting('server_encoding')`
    expect(await query(postgres, settings)).toEqual([['on', 'on', 'on', '', 'UTF8']])
  })

  test('is open to its own user alone', async () => {
    const { host } = postgres.connection
    const [folder, socket] = await Promise.all([stat(host), stat(join(host, '.s.PGSQL.5432'))])
    const data = await stat(join(dataDirectory, 'cluster'))
    expect(folder.mode & 0o777).toBe(0o700)
    expect(socket.mode & 0o777).toBe(0o700)
    expect(folder.uid).toBe(data.uid)
  })

  test('keeps the errors of statements, and with them what people write, out of its log', async () => {
    await expect(query(postgres, `SELECT 'my secret' FROM nowhere`)).rejects.toThrow('does not exist')
    expect(await readFile(join(dataDirectory, 'server.log'), 'utf8')).not.toContain('my secret')
  })

  test('serves pg by options and by URL', async () => {
    const client = new Client({ ...postgres.connection, database: 'postgres' })
    await client.connect()
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await client.end()
    expect(await query(postgres, 'SELECT current_database()', 'template1')).toEqual([['template1']])
  })

  test('serves MikroORM by options and by URL', async () => {
    const common = { entities: [], discovery: { warnWhenNoEntities: false } }
    for (const target of [{ ...postgres.connection, dbName: 'postgres' }, { clientUrl: postgres.urlOf('postgres') }]) {
      const orm = await MikroORM.init({ ...common, ...target })
      expect(await orm.em.getConnection().execute('SELECT 1 AS one')).toEqual([{ one: 1 }])
      await orm.close()
    }
  })
})

describe('disposing', () => {
  test('shuts the server down and leaves neither process nor socket, however often it is done', async () => {
    const postgres = await runningPostgres(dataDirectory)
    const socketDirectory = postgres.connection.host
    expect(processesNaming(socketDirectory)).not.toEqual([])
    await Promise.all([postgres[Symbol.asyncDispose](), postgres[Symbol.asyncDispose]()])
    expect(processesNaming(socketDirectory)).toEqual([])
    await expect(access(socketDirectory)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readFile(join(dataDirectory, 'server.log'), 'utf8')).toMatch(/database system is shut down\n$/)
  })

  test('does not wait for clients that stay', async () => {
    const postgres = await runningPostgres(dataDirectory)
    const client = new Client({ ...postgres.connection, database: 'postgres' })
    client.on('error', () => {})
    await client.connect()
    await client.query('BEGIN')
    await postgres[Symbol.asyncDispose]()
    expect(processesNaming(postgres.connection.host)).toEqual([])
  })

  test('kills a server that hangs within ten seconds, says so, and loses nothing', async () => {
    const messages: string[] = []
    const postgres = await runningPostgres(dataDirectory, messages)
    await query(postgres, 'CREATE TABLE acknowledged AS SELECT 42 AS answer')
    process.kill(await postmasterId(), 'SIGSTOP')
    const startedAt = performance.now()
    await postgres[Symbol.asyncDispose]()
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(processesNaming(postgres.connection.host)).toEqual([])
    expect(messages.at(-1)).toMatch(/did not shut down in time/)
    expect(await query(await runningPostgres(dataDirectory), 'SELECT answer FROM acknowledged')).toEqual([[42]])
  })

  test('finds nothing to do when the server ended by itself, which was reported with the place of the log', async () => {
    const messages: string[] = []
    const postgres = await runningPostgres(dataDirectory, messages)
    process.kill(await postmasterId(), 'SIGQUIT')
    await expect.poll(() => messages.at(-1), { timeout: 20_000 }).toMatch(/ended by itself .*server\.log/)
    await postgres[Symbol.asyncDispose]()
  })
})
