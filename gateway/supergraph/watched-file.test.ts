import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextRound } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogLines } from '../testing/log-lines.ts'
import { VirtualFiles } from '../testing/virtual-files.ts'
import { VirtualTimers } from '../testing/virtual-timers.ts'
import { WatchedFile } from './watched-file.ts'

const PATH = '/etc/graph/supergraph.graphql'
const { logger } = new LogLines()

let watched: WatchedFile | undefined
let files: VirtualFiles
let timers: VirtualTimers
let changes: number

beforeEach(() => {
  files = new VirtualFiles()
  timers = new VirtualTimers()
  changes = 0
})

afterEach(() => watched?.close())

/** What is looked up comes in the next round of the event loop, so time passes in small steps. */
async function pass(milliseconds: number) {
  await nextRound()
  for (let passed = 0; passed < milliseconds; passed += 50) {
    timers.advance(50)
    await nextRound()
  }
}

const onChange = () => {
  changes += 1
}

/** A file that has been found as it is. */
async function watchFile() {
  files.fingerprints[PATH] = 'first'
  watched = new WatchedFile(PATH, onChange, { logger, files, timers })
  await pass(300)
  expect(changes).toBe(1)
}

describe('a watched file', () => {
  it('tells of the first state that it finds, so that nothing is missed that changed before', async () => {
    await watchFile()
    expect(files.watched).toBe('/etc/graph')
    await pass(20_000)
    expect(changes).toBe(1)
  })

  it('tells of a change once, as soon as it is at rest', async () => {
    await watchFile()
    files.fingerprints[PATH] = 'second'
    for (let told = 0; told < 5; told += 1) files.tell()
    await pass(200)
    expect(changes).toBe(2)
    files.tell()
    await pass(10_000)
    expect(changes).toBe(2)
  })

  it('waits for a file that is being written', async () => {
    await watchFile()
    for (let part = 0; part < 10; part += 1) {
      files.fingerprints[PATH] = `part ${part}`
      files.tell()
      await pass(100)
    }
    expect(changes).toBe(1)
    await pass(300)
    expect(changes).toBe(2)
  })

  it('is not kept from looking by a folder in which much happens', async () => {
    await watchFile()
    files.fingerprints[PATH] = 'second'
    for (let told = 0; told < 20; told += 1) {
      files.tell()
      await pass(50)
    }
    expect(changes).toBe(2)
  })

  it('is looked at every few seconds where nothing tells of changes', async () => {
    await watchFile()
    files.fingerprints[PATH] = 'second'
    await pass(5_500)
    expect(changes).toBe(2)
  })

  it('says nothing of a file that is as it was when it comes to rest', async () => {
    await watchFile()
    files.fingerprints[PATH] = 'second'
    files.tell()
    await pass(100)
    files.fingerprints[PATH] = 'first'
    await pass(10_000)
    expect(changes).toBe(1)
  })

  it('tells when the file is gone, and when it is there again', async () => {
    await watchFile()
    delete files.fingerprints[PATH]
    await pass(6_000)
    expect(changes).toBe(2)
    files.fingerprints[PATH] = 'first'
    await pass(6_000)
    expect(changes).toBe(3)
  })

  it('says once that its file system does not answer, asks no more meanwhile, and goes on when it does', async () => {
    const lines = new LogLines()
    files.fingerprints[PATH] = 'first'
    watched = new WatchedFile(PATH, onChange, { logger: lines.logger, files, timers })
    await pass(300)
    const answer = files.stall()
    files.fingerprints[PATH] = 'second'
    await pass(60_000)
    expect(lines.messages('warn')).toEqual(['the file system does not answer, and no change of this file is seen'])
    expect([changes, files.asked]).toEqual([1, 1])
    answer()
    await pass(500)
    expect(changes).toBe(2)
  })

  it('tells nothing more once it is closed', async () => {
    await watchFile()
    files.fingerprints[PATH] = 'second'
    files.tell()
    watched?.close()
    await pass(10_000)
    expect([changes, files.watched]).toEqual([1, undefined])
  })
})

describe('a file of a real file system', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-watched-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  const changesAre = (count: number) => expect.poll(() => changes).toBe(count)

  it('is written into, replaced and removed', async () => {
    const path = join(folder, 'supergraph.graphql')
    await writeFile(path, 'first')
    watched = new WatchedFile(path, onChange, { logger })
    await changesAre(1)
    await writeFile(path, 'second')
    await changesAre(2)
    await writeFile(join(folder, 'next'), 'third')
    await rename(join(folder, 'next'), path)
    await changesAre(3)
    await unlink(path)
    await changesAre(4)
  })

  it('is replaced as Kubernetes replaces a ConfigMap: by a symbolic link to a folder', async () => {
    for (const version of ['one', 'two']) {
      await mkdir(join(folder, version))
      await writeFile(join(folder, version, 'supergraph.graphql'), version)
    }
    await symlink('one', join(folder, '..data'))
    await symlink(join('..data', 'supergraph.graphql'), join(folder, 'supergraph.graphql'))
    watched = new WatchedFile(join(folder, 'supergraph.graphql'), onChange, { logger })
    await changesAre(1)
    await symlink('two', join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await changesAre(2)
  })

  it('is looked at where its folder cannot be watched', async () => {
    const path = join(folder, 'later', 'supergraph.graphql')
    const lines = new LogLines()
    watched = new WatchedFile(path, onChange, { logger: lines.logger })
    expect(lines.messages('debug')).toEqual(['a folder cannot be watched and is looked at instead'])
    await changesAre(1)
  })
})
