import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { newSigningKey } from '../../local/signing-key.ts'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { readAuthConfig } from '../../subgraphs/auth/config.ts'
import { startAuth } from '../../subgraphs/auth/subgraph.ts'
import { GraphClient } from '../support/graph-client.ts'
import {
  type Environment,
  expectNothingLeftOf,
  freePort,
  type RunningParley,
  spawnParley,
  startGraph,
} from '../support/parley-process.ts'
import { type Person, signUp } from '../support/people.ts'
import { createTestDatabase } from '../support/test-database.ts'

vi.setConfig({ testTimeout: 120_000 })

const KEY_ID = '[\\w-]{43}'
const SOON = { timeout: 10_000, interval: 200 }

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `npm run rotate-keys`, as an operator types it. */
async function rotateKeys(environment: Environment, ...options: string[]): Promise<Outcome> {
  const command = spawnParley(['npm', 'run', '--silent', 'rotate-keys', '--', ...options], environment)
  return { code: await command.exitCode(), stdout: command.stdout(), stderr: command.stderr() }
}

async function publishedIds(authUrl: string): Promise<string[]> {
  const { keys } = (await (await fetch(`${authUrl}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

async function renewed(parley: RunningParley, { tokens }: Person): Promise<string> {
  const { refreshTokens } = await new GraphClient(parley.url).run<{
    refreshTokens: { tokens: { accessToken: string } }
  }>(
    `mutation Refresh($input: RefreshTokensInput!) {
      refreshTokens(input: $input) { tokens { accessToken } userErrors { code } }
    }`,
    { input: { refreshToken: tokens.refreshToken } },
  )
  return refreshTokens.tokens.accessToken
}

function keyIdOf(accessToken: string): string {
  return JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()).kid
}

describe('npm run rotate-keys', () => {
  it('rotates the keys of the graph on the same DATA_DIR, while it runs and while it does not', async () => {
    const folder = await temporaryFolder()
    const environment = { DATA_DIR: folder }
    const authPort = await freePort()
    const authUrl = `http://127.0.0.1:${authPort}`
    const parley = await startGraph(folder, { AUTH_PORT: String(authPort) })
    const ada = await signUp(parley)
    const oldKid = keyIdOf(ada.tokens.accessToken)

    const staged = await rotateKeys(environment)
    expect(staged).toMatchObject({ code: 0, stderr: '' })
    const [, newKid = ''] =
      new RegExp(`The new key (${KEY_ID}) is published now and signs from `).exec(staged.stdout) ?? []
    expect(staged.stdout).toContain(`The key ${oldKid} stays published until `)
    await expect.poll(() => publishedIds(authUrl), SOON).toEqual(expect.arrayContaining([oldKid, newKid]))
    expect(await ada.client.run('{ me { username } }')).toEqual({ me: { username: ada.username } })

    const again = await rotateKeys(environment)
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(`^[^\\n]*${newKid} signs from [^\\n]*\\n$`),
    })

    parley.launcher.kill('SIGTERM')
    expect(await parley.exitCode()).toBe(0)
    const atOnce = await rotateKeys(environment, '--now')
    expect(atOnce).toMatchObject({ code: 0, stderr: '' })
    const [, lastKid = ''] = new RegExp(`The new key (${KEY_ID}) signs from now on`).exec(atOnce.stdout) ?? []
    for (const kid of [oldKid, newKid]) expect(atOnce.stdout).toContain(`The key ${kid} is withdrawn.`)
    await expectNothingLeftOf(folder)

    const next = await startGraph(folder)
    expect(await new GraphClient(next.url, ada.tokens.accessToken).codesOf('{ me { id } }')).toEqual([
      'UNAUTHENTICATED',
    ])
    expect(keyIdOf(await renewed(next, ada))).toBe(lastKid)
  })

  it('rotates the keys of a role with DATABASE_URL and JWT_SIGNING_KEY, and with no other key', async () => {
    const database = await createTestDatabase()
    onTestFinished(async () => database[Symbol.asyncDispose]())
    const environment = { DATABASE_URL: database.url, JWT_SIGNING_KEY: newSigningKey(), NODE_ENV: 'production' }
    const stranger = { ...environment, JWT_SIGNING_KEY: newSigningKey() }
    const running = { NODE_ENV: 'test', AUTH_PORT: '0', LOG_LEVEL: 'silent', JWT_ACCESS_TTL: '86400' }
    const config = readAuthConfig({ ...environment, ...running })
    const auth = await startAuth(config)
    onTestFinished(() => auth[Symbol.asyncDispose]())
    const [rootKid] = await publishedIds(auth.url)

    const refused = await rotateKeys(stranger, '--now')
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^JWT_SIGNING_KEY: [^\n]*\n$/) })
    const rotated = await rotateKeys(environment)
    expect(rotated).toMatchObject({ code: 0, stderr: '' })
    const [, until = ''] = new RegExp(`The key ${rootKid} stays published until (\\S+Z)\\.`).exec(rotated.stdout) ?? []
    const days = (new Date(until).getTime() - Date.now()) / 86_400_000
    expect(days, 'the life of the service counts, not that of the shell').toBeGreaterThan(1)
    await expect.poll(async () => (await publishedIds(auth.url)).length, SOON).toBe(2)
  })

  it.each([
    [
      'a variable is wrong',
      { DATABASE_URL: 'mysql://ada:hunter22@db/parley' },
      [],
      /^The environment is not usable:\n {2}DATABASE_URL: .*\n$/,
    ],
    [
      'the database does not answer',
      { DATABASE_URL: 'postgres://ada:hunter22@127.0.0.1:1/parley' },
      [],
      /^DATABASE_URL: .* 127\.0\.0\.1:1\/parley .*\n$/,
    ],
    ['an option is unknown', {}, ['--soon'], /^Unknown option '--soon'.*\nSay: npm run rotate-keys \[-- --now\]\n$/],
  ])('ends with 1 and one message when %s', async (_what, environment, options, message) => {
    const outcome = await rotateKeys({ JWT_SIGNING_KEY: newSigningKey(), ...environment }, ...options)
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) })
    expect(outcome.stderr).not.toContain('hunter22')
  })
})
