import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chown, mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { newTemporaryFolder, removeFolder, temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { processesNaming, startParleyProcess } from './testing/parley-process.ts'
import { query, queryAt } from './testing/query.ts'
import { runningPostgres } from './testing/running-postgres.ts'

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 })

const SOON = { timeout: 5_000, interval: 20 }

let dataDirectory: string
beforeAll(async () => {
  dataDirectory = await newTemporaryFolder()
})
afterAll(() => removeFolder(dataDirectory))

async function otherParley() {
  const { report, child, exited } = await startParleyProcess(dataDirectory)
  const { host = '', url = '' } = report
  expect(processesNaming(host)).not.toEqual([])
  return { host, url, child, exited }
}

/** Kills a process, which may have ended since it was seen. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

describe('when the process that started the server', () => {
  test('is killed with SIGKILL, the server ends as well', async () => {
    const { host, child, exited } = await otherParley()
    child.kill('SIGKILL')
    await exited
    await expect.poll(() => processesNaming(host), SOON).toEqual([])
  })

  test('calls process.exit, the server ends as well', async () => {
    const { host, child, exited } = await otherParley()
    child.stdin.write('exit\n')
    await exited
    await expect.poll(() => processesNaming(host), SOON).toEqual([])
  })

  test('disposes of it, both end', async () => {
    const { host, child, exited } = await otherParley()
    child.stdin.write('dispose\n')
    expect(await exited).toEqual([0, null])
    expect(processesNaming(host)).toEqual([])
  })

  test('has nothing else to do, both end', async () => {
    const { host, child, exited } = await otherParley()
    child.stdin.end()
    expect(await exited).toEqual([0, null])
    await expect.poll(() => processesNaming(host), SOON).toEqual([])
  })
})

describe('the next start', () => {
  test('directly after a SIGKILL waits for the old server and finds every acknowledged row', async () => {
    const killed = await otherParley()
    await queryAt(killed.url, 'CREATE TABLE note AS SELECT generate_series(1, 1000) AS number')
    killed.child.kill('SIGKILL')
    const postgres = await runningPostgres(dataDirectory)
    expect(await query(postgres, 'SELECT count(*)::int FROM note')).toEqual([[1000]])
  })

  test('removes the socket folder that the killed process left', async () => {
    const killed = await otherParley()
    killed.child.kill('SIGKILL')
    const { connection } = await runningPostgres(dataDirectory)
    await expect(access(killed.host)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readlink(join(dataDirectory, 'socket'))).toBe(connection.host)
  })

  test('succeeds after the server itself and its supervisor were killed too', async () => {
    const killed = await otherParley()
    await queryAt(killed.url, 'CREATE TABLE acknowledged AS SELECT 42 AS answer')
    killed.child.kill('SIGKILL')
    for (const pid of processesNaming(killed.host)) kill(pid)
    const postgres = await runningPostgres(dataDirectory)
    expect(await query(postgres, 'SELECT answer FROM acknowledged')).toEqual([[42]])
  })

  test('is not held up by a left-over postmaster.pid whose number another program now has', async () => {
    const killed = await otherParley()
    const pidFile = join(dataDirectory, 'cluster', 'postmaster.pid')
    const [, ...rest] = (await readFile(pidFile, 'utf8')).split('\n')
    killed.child.kill('SIGKILL')
    await expect.poll(() => processesNaming(killed.host), SOON).toEqual([])
    const { uid, gid } = await stat(join(dataDirectory, 'cluster'))
    const stranger = spawn('sleep', ['60'], { cwd: '/', ...(process.geteuid?.() === 0 ? { uid, gid } : {}) })
    onTestFinished(() => void stranger.kill('SIGKILL'))
    await once(stranger, 'spawn')
    await writeFile(pidFile, [stranger.pid, ...rest].join('\n'))
    await chown(pidFile, uid, gid)
    expect(await query(await runningPostgres(dataDirectory), 'SELECT 1')).toEqual([[1]])
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
  })

  test('removes what an interrupted first start left, and creates the database anew', async () => {
    const folder = await temporaryFolder()
    const interrupted = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await once(interrupted, 'exit')
    const partial = join(folder, `cluster.partial-${interrupted.pid}-abcdef`)
    await mkdir(partial)
    await writeFile(join(partial, 'PG_VERSION'), '18\n')
    expect(await query(await runningPostgres(folder), 'SELECT 1')).toEqual([[1]])
    expect((await readdir(folder)).sort()).toEqual(['cluster', 'server.log', 'socket'])
  })
})

describe('a second process on the same data folder', () => {
  test('is refused with the name of the folder, and the first goes on', async () => {
    const first = await runningPostgres(dataDirectory)
    const { report } = await startParleyProcess(dataDirectory)
    expect(report.code).toBe('DATA_FOLDER_IN_USE')
    expect(report.message).toContain(`Another Parley uses the data folder ${join(dataDirectory, 'cluster')}`)
    expect(await query(first, 'SELECT 1')).toEqual([[1]])
  })

  test('that makes its first start at the same moment gets a clear refusal, or the first does', async () => {
    const folder = await temporaryFolder()
    const starts = await Promise.allSettled([1, 2].map(() => startEmbeddedPostgres({ dataDirectory: folder })))
    const winners = starts.filter((start) => start.status === 'fulfilled').map(({ value }) => value)
    onTestFinished(async () => {
      for (const winner of winners) await winner[Symbol.asyncDispose]()
    })
    expect(starts.filter((start) => start.status === 'rejected')).toEqual([
      expect.objectContaining({ reason: expect.objectContaining({ code: 'DATA_FOLDER_IN_USE' }) }),
    ])
    expect(await Promise.all(winners.map((winner) => query(winner, 'SELECT 1')))).toEqual([[[1]]])
  })
})
