import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { startDemoModel } from '../../local/demo-model/demo-model.ts'
import { PROJECT } from '../support/compose-file.ts'
import { freePort, spawnParley } from '../support/parley-process.ts'
import { runRole } from '../support/run-role.ts'

vi.setConfig({ testTimeout: 60_000 })

const ROLES =
  'gateway, auth, chat, worker, migrate, demo-model, make-secrets, create-admin, rotate-keys, renew-epochs, reset-second-factor'

describe('the image’s command', () => {
  it.each([
    [[], 'Which role?'],
    [['gatway'], 'There is no role "gatway".'],
    [['constructor'], 'There is no role "constructor".'],
  ])('%j is refused with a list of the roles', async (words, wrong) => {
    expect(await runRole(words)).toEqual({ stdout: '', stderr: `${wrong} Name one of: ${ROLES}\n`, code: 2 })
  })

  /** The roles that serve are started as they are composed, in tests/processes. */
  const COMMANDS = ROLES.split(', ').slice(4)

  it.each(COMMANDS)('%s is a program, which says in one message what it lacks', async (role) => {
    const { stdout, stderr, code } = await runRole([role], { NODE_ENV: 'nonsense' })
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toMatch(/NODE_ENV: must be|Whose account\?|Whose second factor\?|Where to\?/)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('hands what follows the role to its program', async () => {
    const { stderr } = await runRole(['create-admin', '--emil', 'ada@example.com'])
    expect(stderr).toContain("Unknown option '--emil'")
  })

  it('reads secrets from files, for the roles that serve and for those of the operator', async () => {
    for (const role of ['chat', 'rotate-keys']) {
      const { stderr, code } = await runRole([role], { DATABASE_URL_FILE: '/nowhere/url' })
      expect(stderr).toContain('DATABASE_URL_FILE: the file /nowhere/url cannot be read (ENOENT)')
      expect(code).toBe(1)
    }
  })
})

describe('the role migrate', () => {
  it('refuses a schema that there is none of, and a database that is not named', async () => {
    const unknown = await runRole(['migrate', 'chatt'])
    expect(unknown.stderr).toContain('There is no schema "chatt".')
    const { stderr } = await runRole(['migrate', 'chat'])
    expect(stderr).toContain('DATABASE_URL: is required: a PostgreSQL URL')
  })
})

describe('the role demo-model', () => {
  it('answers until it is told to stop', async () => {
    const port = String(await freePort())
    const role = spawnParley([process.execPath, 'scripts/role.ts', 'demo-model'], { DEMO_MODEL_PORT: port })
    await role.says(/The demo model answers at (\S+)/)
    const response = await fetch(`http://127.0.0.1:${port}/v1/models`)
    expect(await response.json()).toMatchObject({ data: [{ id: 'demo-offline' }] })
    role.launcher.kill('SIGTERM')
    expect(await role.exitCode()).toBe(0)
    expect(role.stderr()).toBe('')
  })
})

describe('the health check', () => {
  async function check(role: string, environment: Record<string, string>): Promise<number | null> {
    const health = spawn(process.execPath, ['scripts/health.ts', role], { cwd: PROJECT, env: environment })
    const [code] = await once(health, 'close')
    return code
  }

  it('finds a role healthy that answers, and unhealthy one that does not', async () => {
    const port = await freePort()
    const told = { DEMO_MODEL_PORT: String(port) }
    expect(await check('demo-model', told)).toBe(1)
    await using _model = await startDemoModel({ port })
    expect(await check('demo-model', told)).toBe(0)
  })

  it('has nothing to ask of a role that ends by itself', async () => {
    expect(await check('migrate', {})).toBe(0)
  })
})
