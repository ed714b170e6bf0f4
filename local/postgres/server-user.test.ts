import { execFileSync } from 'node:child_process'
import { chown, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { requireRoot } from './testing/host-requirements.ts'
import { processesNaming, startParleyProcess } from './testing/parley-process.ts'
import { query, queryAt } from './testing/query.ts'
import { runningPostgres } from './testing/running-postgres.ts'

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 })

const NOBODY = 65_534
const DAEMON = 1
const WITHOUT_PASSWD_ENTRY = 54_321

async function folderOf(uid: number): Promise<string> {
  const folder = await temporaryFolder()
  await chown(folder, uid, uid)
  return folder
}

describe('the server', () => {
  test('of root runs as nobody, also on data in a folder that is closed to nobody', async (context) => {
    requireRoot(context)
    const closed = await temporaryFolder(0o700)
    const dataDirectory = join(closed, 'project', 'data')
    const postgres = await runningPostgres(dataDirectory)
    expect(await query(postgres, 'SELECT 1')).toEqual([[1]])
    expect((await stat(join(dataDirectory, 'cluster'))).uid).toBe(NOBODY)
    const [supervisor] = processesNaming(postgres.connection.host)
    expect((await stat(`/proc/${supervisor}`)).uid).toBe(NOBODY)
    expect(await stat(closed)).toMatchObject({ uid: 0, mode: 0o40700 })
  })

  test('of a normal user runs as that user, and root may use the data without taking it away', async (context) => {
    requireRoot(context)
    const dataDirectory = await folderOf(DAEMON)
    const owners = await startParleyProcess(dataDirectory, DAEMON)
    expect(owners.report).toMatchObject({ url: expect.any(String) })
    await queryAt(owners.report.url ?? '', 'CREATE TABLE note AS SELECT 42 AS answer')
    owners.child.kill('SIGKILL')

    const roots = await runningPostgres(dataDirectory)
    expect(await query(roots, 'SELECT answer FROM note')).toEqual([[42]])
    await roots[Symbol.asyncDispose]()

    const ownersAgain = await startParleyProcess(dataDirectory, DAEMON)
    expect(await queryAt(ownersAgain.report.url ?? '', 'SELECT answer FROM note')).toEqual([[42]])
    ownersAgain.child.stdin.write('dispose\n')
    expect(await ownersAgain.exited).toEqual([0, null])
  })

  test('cannot be reached by another user', async (context) => {
    requireRoot(context)
    const { host } = (await runningPostgres()).connection
    const asDaemon = { uid: DAEMON, gid: DAEMON, cwd: '/', stdio: 'pipe' } as const
    expect(() => execFileSync('ls', [host], asDaemon)).toThrow('Permission denied')
  })
})

describe('a start is refused with advice', () => {
  test('to a user id without an entry in /etc/passwd', async (context) => {
    requireRoot(context)
    const { report } = await startParleyProcess(await folderOf(WITHOUT_PASSWD_ENTRY), WITHOUT_PASSWD_ENTRY)
    expect(report.code).toBe('USER_UNSUPPORTED')
    expect(report.message).toMatch(/user id 54321, which has no entry in \/etc\/passwd: set DATABASE_URL/)
  })

  test('to a user whose data folder holds the database of another', async (context) => {
    requireRoot(context)
    const dataDirectory = await folderOf(DAEMON)
    await (await runningPostgres(dataDirectory))[Symbol.asyncDispose]()
    const { report } = await startParleyProcess(dataDirectory, DAEMON)
    expect(report.code).toBe('DATA_FOLDER_UNUSABLE')
    expect(report.message).toMatch(/belongs to user id 65534, and Parley runs as 1: .* "sudo chown -R 1 /)
  })
})
