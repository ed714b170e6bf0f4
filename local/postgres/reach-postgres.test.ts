import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { reachEmbeddedPostgres } from './reach-postgres.ts'
import { processesNaming } from './testing/parley-process.ts'
import { query } from './testing/query.ts'
import { runningPostgres } from './testing/running-postgres.ts'

vi.setConfig({ testTimeout: 60_000 })

test('A server that runs is used, and goes on afterwards.', async () => {
  const dataDirectory = await temporaryFolder()
  const running = await runningPostgres(dataDirectory)
  const reached = await reachEmbeddedPostgres({ dataDirectory })
  expect(reached.connection).toEqual(running.connection)
  expect(await query(reached, 'SELECT 1')).toEqual([[1]])
  await reached[Symbol.asyncDispose]()
  expect(await query(running, 'SELECT 1')).toEqual([[1]])
})

test('Where none runs one is started, and nothing is left of it.', async () => {
  const dataDirectory = await temporaryFolder()
  const reached = await reachEmbeddedPostgres({ dataDirectory })
  expect(await query(reached, 'SELECT 1')).toEqual([[1]])
  await reached[Symbol.asyncDispose]()
  expect(processesNaming(reached.connection.host)).toEqual([])
})

test('One that was killed is not taken for one that runs.', async () => {
  const dataDirectory = await temporaryFolder()
  const killed = await runningPostgres(dataDirectory)
  const [[postmaster]] = (await query(
    killed,
    `SELECT (string_to_array(pg_read_file('postmaster.pid'), E'\n'))[1]`,
  )) as [[string]]
  process.kill(Number(postmaster), 'SIGKILL')
  await expect.poll(() => processesNaming(killed.connection.host)).toEqual([])
  const reached = await reachEmbeddedPostgres({ dataDirectory })
  expect(reached.connection.host).not.toBe(killed.connection.host)
  expect(await query(reached, 'SELECT 1')).toEqual([[1]])
  await reached[Symbol.asyncDispose]()
})

test('Two that look for one at the same moment both have it.', async () => {
  const dataDirectory = await temporaryFolder()
  await (await runningPostgres(dataDirectory))[Symbol.asyncDispose]()
  const both = await Promise.all([reachEmbeddedPostgres({ dataDirectory }), reachEmbeddedPostgres({ dataDirectory })])
  for (const reached of both) expect(await query(reached, 'SELECT 1')).toEqual([[1]])
  for (const reached of both) await reached[Symbol.asyncDispose]()
})

test('A lock file that is still empty belongs to a start in progress, and is waited for.', async () => {
  const dataDirectory = await temporaryFolder()
  await (await runningPostgres(dataDirectory))[Symbol.asyncDispose]()
  const lockFile = join(dataDirectory, 'cluster', 'postmaster.pid')
  await writeFile(lockFile, '')
  const reaching = reachEmbeddedPostgres({ dataDirectory })
  const log = () => readFile(join(dataDirectory, 'server.log'), 'utf8')
  await expect.poll(log).toContain('lock file "postmaster.pid" is empty')
  await rm(lockFile)
  const reached = await reaching
  expect(await query(reached, 'SELECT 1')).toEqual([[1]])
  await reached[Symbol.asyncDispose]()
})
