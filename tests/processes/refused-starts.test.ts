import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import {
  type Environment,
  expectNothingLeftOf,
  launch,
  launchGraph,
  occupyPort,
  type ParleyProcess,
  startGraph,
} from '../support/parley-process.ts'
import { signUp } from '../support/people.ts'

vi.setConfig({ testTimeout: 60_000 })

/** The one message of a process that would not start. */
async function refusalOf(parley: ParleyProcess): Promise<string> {
  expect(await parley.exitCode()).toBe(1)
  expect(parley.stdout()).toBe('')
  const message = parley.stderr()
  expect(message, 'a message, and no stack trace').not.toMatch(/^\s+at |node:internal|\bError:|\[object/m)
  return message
}

async function refusalWith(environment: Environment): Promise<string> {
  const folder = await temporaryFolder()
  const message = await refusalOf(launchGraph(folder, environment))
  await expectNothingLeftOf(folder)
  return message
}

describe('the graph does not start, and leaves nothing running,', () => {
  it.each(['PORT', 'AUTH_PORT', 'CHAT_PORT'])('when the port of %s is taken', async (variable) => {
    const { port, release } = await occupyPort()
    const message = await refusalWith({ [variable]: String(port) })
    expect(message).toBe(
      `${variable}: port ${port} is already taken; stop the other program or set ${variable} to a free port\n`,
    )
    await release()
  })

  it('when variables are wrong, each named once with what it must be, whichever part of the graph reads it', async () => {
    const message = await refusalWith({
      PORT: 'abc',
      AUTH_PORT: '-1',
      CHAT_PORT: '70000',
      EXPLORER: 'maybe',
      OPENAI_BASE_URL: 'nonsense',
      JWT_ACCESS_TTL: 'long',
      JWT_SIGNING_KEY: 'hunter22',
      SERVICE_SECRET: 'hunter22',
      LIMIT_BODY_BYTES: '-1',
      SHUTDOWN_GRACE_MS: 'never',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://ada:hunter22@db/parley',
    })
    const [headline, ...complaints] = message.trimEnd().split('\n')
    expect(headline).toBe('The environment is not usable:')
    expect(complaints.map((line) => line.trim()).sort()).toEqual([
      'AUTH_PORT: must be a whole number from 0 to 65535',
      'CHAT_PORT: must be a whole number from 0 to 65535',
      'DATABASE_URL: must be a PostgreSQL URL such as postgres://user:password@host:5432/database',
      'EXPLORER: must be sandbox, offline or off',
      'JWT_ACCESS_TTL: must be a whole number from 1 to 86400',
      'JWT_SIGNING_KEY: must be a P-256 private key as PKCS#8 PEM, or that PEM in base64',
      'LIMIT_BODY_BYTES: must be a whole number from 1 up',
      'LOG_LEVEL: must be a level from trace to silent',
      'OPENAI_BASE_URL: must be an absolute http:// or https:// URL without user and password in it, or several, separated by commas',
      'PORT: must be a whole number from 0 to 65535',
      'SERVICE_SECRET: must have 32 characters or more, such as those of `openssl rand -hex 32`',
      'SHUTDOWN_GRACE_MS: must be a whole number from 0 to 2147483647',
    ])
  })

  it('when one variable is wrong, and makes no file before it says so', async () => {
    const folder = await temporaryFolder()
    expect(await refusalWith({ EXPLORER: 'maybe', DATA_DIR: folder })).toContain('EXPLORER: must be')
    expect(await readdir(folder)).toEqual([])
  })

  it.each<[string, Environment]>([
    ['reach its database', { OPENAI_API_KEY: 'none' }],
    ['be told of its demo model', { DATABASE_URL: 'postgres://ada:hunter22@127.0.0.1:1/parley' }],
  ])('when replies are left to workers that could not %s', async (_what, environment) => {
    expect(await refusalWith({ AI_WORKER: 'separate', PORT: 'abc', ...environment })).toBe(
      'The environment is not usable:\n' +
        '  PORT: must be a whole number from 0 to 65535\n' +
        '  AI_WORKER: separate needs DATABASE_URL and a model (OPENAI_API_KEY or OPENAI_BASE_URL), which `npm run worker` ' +
        'shares; without AI_WORKER replies are written here\n',
    )
  })

  it('when SUPERGRAPH is not there', async () => {
    const message = await refusalWith({ SUPERGRAPH: '/nowhere/supergraph.graphql' })
    expect(message).toContain('SUPERGRAPH: /nowhere/supergraph.graphql cannot be read')
  })

  it('when SUBGRAPH_URL_<NAME> is of no subgraph', async () => {
    expect(await refusalWith({ SUBGRAPH_URL_CHATT: 'http://127.0.0.1:1/graphql' })).toContain('SUBGRAPH_URL_CHATT')
  })

  it('when DATA_DIR is a file', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    expect(await refusalWith({ DATA_DIR: file })).toContain('DATA_DIR')
  })

  it('when the signing key in DATA_DIR is damaged', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'signing-key.pem'), 'garbage')
    expect(await refusalWith({ DATA_DIR: folder })).toContain(join(folder, 'signing-key.pem'))
  })

  it('when DATA_DIR holds something else under the name of the database', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'cluster'))
    await writeFile(join(folder, 'cluster', 'holiday.jpg'), '')
    expect(await refusalWith({ DATA_DIR: folder })).toContain(join(folder, 'cluster'))
  })

  it('while another start uses the same DATA_DIR, and the other goes on unharmed', async () => {
    const folder = await temporaryFolder()
    const first = await startGraph(folder)
    const ada = await signUp(first)
    expect(await refusalOf(launchGraph(folder))).toContain(
      `Another Parley uses the data folder ${join(folder, 'cluster')}`,
    )
    expect(await ada.client.run('{ me { username } }')).toEqual({ me: { username: ada.username } })
  })
})

describe('a database that does not answer', () => {
  it.each([
    ['is on no host', 'postgres://ada:hunter22@no-such-host.invalid/parley', 'no-such-host.invalid:5432'],
    ['listens nowhere', 'postgres://ada:hunter22@127.0.0.1:1/parley', '127.0.0.1:1'],
  ])('stops the start within seconds when it %s', async (_what, url, place) => {
    const started = performance.now()
    for (const program of ['local/main.ts', 'subgraphs/chat/main.ts']) {
      const folder = await temporaryFolder()
      const message = await refusalOf(launch(program, { DATA_DIR: folder, DATABASE_URL: url, OPENAI_API_KEY: 'none' }))
      expect(message).toContain('DATABASE_URL: ')
      expect(message).toContain(place)
      expect(message).not.toContain('hunter22')
    }
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
