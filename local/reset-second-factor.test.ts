import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AppOwner } from '../subgraphs/auth/mfa/testing/app-owner.ts'
import { ManualClock } from '../subgraphs/auth/testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../subgraphs/auth/testing/running-auth.ts'
import { type CommandOutcome, runOnDatabaseOf } from './testing/command.ts'

const clock = new ManualClock()
let auth: RunningAuth

beforeAll(async () => {
  auth = await startTestAuth(clock)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

function reset(...args: string[]): Promise<CommandOutcome> {
  return runOnDatabaseOf(auth, 'reset-second-factor', args)
}

describe('npm run reset-second-factor', () => {
  test('lets somebody who lost everything sign in with the password alone, and puts it on record', async () => {
    const owner = await AppOwner.enrolled(auth.client, clock)
    const { username, email } = owner.person
    expect(await owner.signIn()).toBe('TOTP_REQUIRED')
    expect(await reset(email)).toEqual({
      stdout: `${username} (${email}) signs in with the password alone now, and is told so by mail.\n`,
      stderr: '',
      code: 0,
    })
    expect(await owner.signIn()).toBe('DONE')
    const { rows } = await auth.sql.query(
      `SELECT a.actor_id, a.details FROM auth.audit_event a JOIN auth.user u ON u.id = a.subject_id
       WHERE a.action = 'totp.disabled' AND u.username = $1`,
      [username],
    )
    expect(rows).toEqual([{ actor_id: null, details: "by the server's operator" }])
    expect(await reset(username)).toEqual({ stdout: '', stderr: 'This account has no second factor.\n', code: 1 })
  })

  test('says in one line what is wrong, and changes nothing', async () => {
    expect(await reset('nobody@example.com')).toEqual({ stdout: '', stderr: 'No such account.\n', code: 1 })
    expect((await reset()).stderr).toMatch(/^Whose second factor\? Say: npm run reset-second-factor/)
  })
})
