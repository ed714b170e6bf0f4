import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../platform/testing/temporary-folder.ts'
import { runRole } from '../tests/support/run-role.ts'

/** Every file below a folder with its text. */
function filesIn(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]))
}

it('secrets are made once: a second start changes none, and brings back what a reader has lost', async () => {
  const folder = await temporaryFolder()
  expect(await runRole(['make-secrets', folder])).toEqual({
    stdout: `The secrets are in ${folder}.\n`,
    stderr: '',
    code: 0,
  })
  const made = filesIn(folder)
  rmSync(join(folder, 'chat'), { recursive: true })
  await runRole(['make-secrets', folder])
  expect(filesIn(folder)).toEqual(made)
})

it('another folder has other secrets, and nobody but the maker reads all of them', async () => {
  const folders = [await temporaryFolder(), await temporaryFolder()]
  await Promise.all(folders.map((folder) => runRole(['make-secrets', folder])))
  const [one = {}, other = {}] = folders.map(filesIn)
  expect(Object.keys(one)).toEqual(Object.keys(other))
  for (const [name, text] of Object.entries(one)) expect(text, name).not.toBe(other[name])
  for (const name of Object.keys(one)) {
    const mode = statSync(join(folders[0] ?? '', name)).mode & 0o777
    expect(mode, name).toBe(name.startsWith('kept/') ? 0o400 : 0o444)
  }
})

it('each reader is told what is for it and nothing else', async () => {
  const folder = await temporaryFolder()
  await runRole(['make-secrets', folder])
  const files = filesIn(folder)
  const kept = (name: string) => files[`kept/${name}`]?.trim() ?? name
  const readers = (secret: string) =>
    [...new Set(Object.keys(files).filter((name) => files[name]?.includes(secret)))]
      .map((name) => name.split('/')[0])
      .filter((name) => name !== 'kept')
  expect(readers(kept('postgres'))).toEqual(['postgres'])
  expect(readers(kept('postgres-auth'))).toEqual(['auth', 'postgres'])
  expect(readers(kept('postgres-chat'))).toEqual(['chat', 'postgres'])
  expect(readers(kept('service-secret'))).toEqual(['auth', 'chat', 'gateway'])
  expect(readers(kept('nats'))).toEqual(['auth', 'chat', 'gateway', 'nats'])
  expect(new Set(readers(kept('redis')))).toEqual(new Set(['auth', 'gateway', 'redis']))
  expect(readers(kept('signing-key'))).toEqual(['auth'])
  expect(readers(kept('grafana'))).toEqual(['grafana'])
})

it('without a folder it says what to say', async () => {
  const { stderr, code } = await runRole(['make-secrets'])
  expect(stderr).toBe('Where to? Say: node scripts/role.ts make-secrets /made\n')
  expect(code).toBe(1)
})

it('where it cannot write it says so in one line, with the place', async () => {
  const folder = await temporaryFolder()
  writeFileSync(join(folder, 'kept'), '')
  const { stdout, stderr, code } = await runRole(['make-secrets', folder])
  expect(stderr).toMatch(/^The secrets cannot be made: E\w+: .+\/kept.*\n$/)
  expect([stdout, code]).toEqual(['', 1])
})
