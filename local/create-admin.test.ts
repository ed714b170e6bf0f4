import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, newPerson } from '../subgraphs/auth/testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../subgraphs/auth/testing/running-auth.ts'
import { type CommandOutcome, runOnDatabaseOf, type Typed } from './testing/command.ts'

const PASSWORD = 'four words without meaning'

let auth: RunningAuth
let client: RunningAuth['client']

beforeAll(async () => {
  auth = await startTestAuth(new ManualClock())
  client = auth.client
})

afterAll(() => auth?.[Symbol.asyncDispose]())

function createAdmin(args: string[], typed: Typed): Promise<CommandOutcome> {
  return runOnDatabaseOf(auth, 'create-admin', args, typed)
}

async function rolesAfterSignIn(login: string, password = PASSWORD): Promise<string[] | null | undefined> {
  const { user, userErrors } = await client.signIn(login, password)
  expect(userErrors).toEqual([])
  return user?.roles
}

describe('npm run create-admin', () => {
  test('makes an administrator with the password of ADMIN_PASSWORD where the address is that of ADMIN_EMAIL', async () => {
    const variables = { ADMIN_EMAIL: 'ADA@example.com', ADMIN_PASSWORD: PASSWORD }
    const outcome = await createAdmin(['--email', 'ada@example.com'], { variables })
    expect(outcome).toEqual({ stdout: 'Made the administrator ada (ada@example.com).\n', stderr: '', code: 0 })
    expect(await rolesAfterSignIn('ada@example.com')).toEqual(['MEMBER', 'ADMIN'])
  })

  test('gives nobody else the password of ADMIN_PASSWORD', async () => {
    for (const [email, variables] of [
      ['bob@example.com', { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: PASSWORD }],
      ['eve@example.com', { ADMIN_PASSWORD: PASSWORD }],
    ] as const) {
      const untold = await createAdmin(['--email', email], { variables })
      expect(untold).toMatchObject({ stdout: '', stderr: expect.stringContaining('no password'), code: 1 })
      const typed = 'another four words entirely'
      expect(await createAdmin(['--email', email], { variables, input: `${typed}\n` })).toMatchObject({ code: 0 })
      expect(await rolesAfterSignIn(email, typed)).toEqual(['MEMBER', 'ADMIN'])
    }
  })

  test('takes both from ADMIN_EMAIL and ADMIN_PASSWORD', async () => {
    const variables = { ADMIN_EMAIL: 'lin@example.com', ADMIN_PASSWORD: PASSWORD }
    expect(await createAdmin([], { variables })).toMatchObject({ stderr: '', code: 0 })
    expect(await rolesAfterSignIn('lin@example.com')).toEqual(['MEMBER', 'ADMIN'])
  })

  test('takes the address from ADMIN_EMAIL, a username, and the password from the first line it is given', async () => {
    const variables = { ADMIN_EMAIL: 'grace@example.com', ADMIN_PASSWORD: '' }
    const outcome = await createAdmin(['--username', 'Hopper'], { variables, input: `${PASSWORD}\nno word of it\n` })
    expect(outcome).toEqual({ stdout: 'Made the administrator Hopper (grace@example.com).\n', stderr: '', code: 0 })
    expect(await rolesAfterSignIn('hopper')).toEqual(['MEMBER', 'ADMIN'])
  })

  test('leaves an account alone that is there already, unless it is told to promote it', async () => {
    const { email, password } = newPerson()
    const { tokens } = await client.signUp({ email, password })
    const refused = await createAdmin(['--email', email], { input: PASSWORD })
    expect(refused).toMatchObject({ stdout: '', stderr: expect.stringMatching(/^.*--promote.*\n$/), code: 1 })
    expect(await rolesAfterSignIn(email, password)).toEqual(['MEMBER'])

    const promoted = await createAdmin(['--email', email.toUpperCase(), '--promote'], {})
    expect(promoted).toMatchObject({
      stdout: expect.stringMatching(/^.*is an administrator now\.\n$/),
      stderr: '',
      code: 0,
    })
    expect(await rolesAfterSignIn(email, password)).toEqual(['MEMBER', 'ADMIN'])
    expect((await client.me(tokens?.accessToken)).data?.me ?? null).toBeNull()
    expect((await client.refresh(tokens?.refreshToken ?? '')).userErrors).toEqual([])
    const { rows } = await auth.sql.query(
      `SELECT details, actor_id FROM auth.audit_event WHERE action = 'user.roles_set'`,
    )
    expect(rows).toEqual([{ details: 'MEMBER became MEMBER, ADMIN', actor_id: null }])

    const again = await createAdmin(['--email', email, '--promote'], {})
    expect(again).toEqual(promoted)
  })

  test.each<[what: string, args: string[], typed: Typed, says: RegExp]>([
    ['no address', [], {}, /ADMIN_EMAIL/],
    ['a bad address', ['--email', 'nonsense'], { input: PASSWORD }, /email address/],
    ['no password', ['--email', 'new@example.com'], {}, /ADMIN_PASSWORD/],
    ['a weak password', ['--email', 'new@example.com'], { input: 'password1234\n' }, /password/],
    ['a taken username', ['--email', 'new@example.com', '--username', 'ADA'], { input: PASSWORD }, /username/],
    ['an unknown option', ['--email', 'new@example.com', '--root'], {}, /--root[\s\S]*npm run create-admin/],
    ['an address to promote that has no account', ['--email', 'new@example.com', '--promote'], {}, /No account/],
    ['a username to promote', ['--email', 'ada@example.com', '--username', 'ada', '--promote'], {}, /--username/],
    ['no database', ['--email', 'new@example.com', '--promote'], { variables: { DATABASE_URL: 'x' } }, /DATABASE_URL/],
  ])('says what is wrong with %s, and makes nothing', async (_what, args, typed, says) => {
    const { stdout, stderr, code } = await createAdmin(args, typed)
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/\n\s+at |password1234/)
    const { rows } = await auth.sql.query(`SELECT FROM auth.user WHERE email_key = 'new@example.com'`)
    expect(rows).toEqual([])
  })
})
