import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../testing/auth-client.ts'
import { enterAs, type Person } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { PERMISSIONS } from './role.ts'

let auth: RunningAuth
let client: RunningAuth['client']

beforeAll(async () => {
  auth = await startTestAuth(new ManualClock())
  client = auth.client
})

afterAll(() => auth?.[Symbol.asyncDispose]())

describe('can', () => {
  const CAN = `{ ${PERMISSIONS.map((permission) => `${permission}: can(permission: ${permission})`).join(' ')} }`

  const permissionsOf = async ({ tokens }: Person) => {
    const { data } = await client.query<Record<string, boolean>>(CAN, {}, tokens.accessToken)
    return PERMISSIONS.filter((permission) => data?.[permission])
  }

  test('tells members, moderators and administrators what they may do', async () => {
    expect(await permissionsOf(await client.enter())).toEqual(['ASSISTANT_USE'])
    expect(await permissionsOf(await enterAs(auth, 'MODERATOR'))).toEqual([
      'CONVERSATIONS_MODERATE',
      'MESSAGES_MODERATE',
      'ASSISTANT_USE',
    ])
    expect(await permissionsOf(await enterAs(auth, 'ADMIN'))).toEqual([...PERMISSIONS])
  })

  test('goes by the roles in the database, not by the token', async () => {
    const person = await client.enter()
    await auth.sql.query(`UPDATE auth.user SET roles = '{ADMIN}' WHERE username = $1`, [person.user.username])
    expect(await permissionsOf(person)).toEqual([...PERMISSIONS])
    await auth.sql.query(`UPDATE auth.user SET roles = '{MEMBER}' WHERE username = $1`, [person.user.username])
    expect(await permissionsOf(person)).toEqual(['ASSISTANT_USE'])
  })

  test('is UNAUTHENTICATED to somebody who is not signed in', async () => {
    const { errors } = await client.query('{ can(permission: USERS_READ) }', {})
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})
