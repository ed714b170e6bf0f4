import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { type AdministrationField, Administrator, type Payload } from '../testing/administrator.ts'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { Mailbox } from '../testing/mailbox.ts'
import { enterAs } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const clock = new ManualClock()
let auth: RunningAuth
let client: RunningAuth['client']
let admin: Administrator

beforeAll(async () => {
  auth = await startTestAuth(clock)
  client = auth.client
  admin = await Administrator.enter(auth)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

describe('What administrators do', () => {
  test.each<[AdministrationField, object]>([
    ['createUser', newPerson()],
    ['updateUser', { displayName: 'Other' }],
    ['setUserRoles', { roles: ['ADMIN'] }],
    ['suspendUser', {}],
    ['restoreUser', {}],
    ['revokeUserSessions', {}],
  ])('%s is FORBIDDEN to others, whether or not there is such a user', async (field, input) => {
    const [subject, moderator] = [await client.enter(), await enterAs(auth, 'MODERATOR')]
    const before = await admin.rowOf(subject.user.id)
    for (const userId of field === 'createUser' ? [undefined] : [subject.user.id, 'usr_01h455vb4pex5vsknk084sn02q']) {
      for (const { tokens } of [subject, moderator]) {
        const { errors } = await admin.ask(field, { ...input, ...(userId && { userId }) }, tokens.accessToken)
        expect(errors).toMatchObject([{ path: ['result'], extensions: { code: 'FORBIDDEN' } }])
      }
    }
    expect(await admin.rowOf(subject.user.id)).toEqual(before)
    expect(await admin.auditOf(subject.user.id)).toEqual([])
  })

  test.each<[AdministrationField, object]>([
    ['updateUser', {}],
    ['setUserRoles', { roles: ['MEMBER'] }],
    ['suspendUser', {}],
    ['restoreUser', {}],
    ['revokeUserSessions', {}],
  ])('%s is NOT_FOUND for a user who is not there, and BAD_USER_INPUT for no user’s id', async (field, input) => {
    for (const [userId, code] of [
      ['usr_01h455vb4pex5vsknk084sn02q', 'NOT_FOUND'],
      ['ses_01h455vb4pex5vsknk084sn02q', 'BAD_USER_INPUT'],
      ['', 'BAD_USER_INPUT'],
    ]) {
      const { errors } = await admin.ask(field, { ...input, userId })
      expect(errors).toMatchObject([{ extensions: { code } }])
    }
  })

  test.each<[AdministrationField, object]>([
    ['createUser', newPerson()],
    ['updateUser', { userId: 'nonsense' }],
    ['setUserRoles', { userId: 'nonsense', roles: [] }],
    ['suspendUser', { userId: 'nonsense' }],
    ['restoreUser', { userId: 'nonsense' }],
    ['revokeUserSessions', { userId: 'nonsense' }],
  ])('%s is UNAUTHENTICATED to somebody who is not signed in', async (field, input) => {
    expect((await admin.ask(field, input, null)).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})

describe('createUser', () => {
  test('makes a member who can sign in, and whose address a mail asks to verify', async () => {
    const person = newPerson()
    const { user } = await admin.does('createUser', person)
    expect(user).toEqual({
      id: expect.stringMatching(/^usr_/),
      username: person.username,
      displayName: 'Robin',
      email: person.email,
      emailVerified: false,
      avatarUrl: null,
      roles: ['MEMBER'],
      status: 'ACTIVE',
      createdAt: clock.now().toISOString(),
    })
    expect((await client.signIn(person.email, person.password)).userErrors).toEqual([])
    expect(await admin.auditOf(user?.id ?? '')).toEqual([
      { action: 'user.created', details: 'roles: MEMBER', byAdmin: true },
    ])
    await new Mailbox(auth.url).tokenFor(person.email, 'VERIFY_EMAIL')
  })

  test('gives the roles that are asked for, each once', async () => {
    const { user } = await admin.does('createUser', { ...newPerson(), roles: ['MEMBER', 'MODERATOR', 'MEMBER'] })
    expect(user?.roles).toEqual(['MEMBER', 'MODERATOR'])
  })

  test.each([
    ['email', 'nonsense', 'BAD_USER_INPUT'],
    ['username', 'a b', 'BAD_USER_INPUT'],
    ['username', 'assistant', 'USERNAME_TAKEN'],
    ['displayName', '\n', 'BAD_USER_INPUT'],
    ['password', 'too short', 'WEAK_PASSWORD'],
    ['roles', [], 'BAD_USER_INPUT'],
  ])('with the %s %j is a user error that leads to the field', async (field, value, code) => {
    const { user, userErrors } = await admin.does('createUser', { ...newPerson(), [field]: value })
    expect(user).toBeNull()
    expect(userErrors).toEqual([{ code, path: ['input', field] }])
  })

  test('with a password out of the account’s own names is refused', async () => {
    const email = 'marie.sklodowska@example.com'
    const { userErrors } = await admin.does('createUser', { ...newPerson(), email, password: 'Marie.Sklodowska' })
    expect(userErrors).toEqual([{ code: 'WEAK_PASSWORD', path: ['input', 'password'] }])
  })

  test('with a taken name is refused, and the next one in the same operation is not', async () => {
    const { user } = await client.enter()
    const [sameName, sameAddress, fine] = [newPerson(), newPerson(), newPerson()]
    const { data } = await client.query<Record<string, Payload>>(
      `mutation ($a: CreateUserInput!, $b: CreateUserInput!, $c: CreateUserInput!) {
        a: createUser(input: $a) { user { id } userErrors { code path } }
        b: createUser(input: $b) { user { id } userErrors { code path } }
        c: createUser(input: $c) { user { username } userErrors { code path } }
      }`,
      { a: { ...sameName, username: user.username }, b: { ...sameAddress, email: user.email }, c: fine },
      admin.person.tokens.accessToken,
    )
    expect(data).toEqual({
      a: { user: null, userErrors: [{ code: 'USERNAME_TAKEN', path: ['input', 'username'] }] },
      b: { user: null, userErrors: [{ code: 'EMAIL_TAKEN', path: ['input', 'email'] }] },
      c: { user: { username: fine.username }, userErrors: [] },
    })
  })
})

describe('updateUser', () => {
  test('changes what is given, and writes down what was changed but not to what', async () => {
    const { user } = await client.enter()
    const { id: userId, ...before } = user
    const changes = { username: `${user.username.slice(0, 20)}-2`, avatarUrl: 'https://example.com/a.png' }
    const { user: changed } = await admin.does('updateUser', { userId, ...changes, displayName: user.displayName })
    expect(changed).toMatchObject({ ...before, ...changes })
    expect(await admin.auditOf(userId)).toEqual([
      { action: 'user.updated', details: 'changed: username, avatarUrl', byAdmin: true },
    ])
    expect((await client.signIn(changes.username, newPerson().password)).user?.id).toBe(userId)
  })

  test('takes the picture away with null, and leaves alone what else is null', async () => {
    const { user } = await client.enter()
    const userId = user.id
    await admin.does('updateUser', { userId, avatarUrl: 'https://example.com/a.png' })
    const nothing = { displayName: null, username: null, email: null }
    expect((await admin.does('updateUser', { userId, ...nothing })).user?.avatarUrl).toBe('https://example.com/a.png')
    const { user: changed } = await admin.does('updateUser', { userId, ...nothing, avatarUrl: null })
    expect(changed).toMatchObject({ username: user.username, email: user.email, avatarUrl: null })
  })

  test('writes nothing down when nothing changes', async () => {
    const { id: userId, username, email, displayName } = (await client.enter()).user
    await admin.does('updateUser', { userId, username, email, displayName, avatarUrl: null })
    expect(await admin.auditOf(userId)).toEqual([])
  })

  test('makes a new address unverified, spends what was mailed to the old one, and writes to the new one', async () => {
    const { id: userId, email: old } = (await client.enter()).user
    const mailbox = new Mailbox(auth.url)
    const token = await mailbox.tokenFor(String(old), 'VERIFY_EMAIL')
    await auth.sql.query('UPDATE auth.user SET email_verified_at = now() WHERE id = $1', [decodeId('usr', userId)])
    const { email } = newPerson()
    expect((await admin.does('updateUser', { userId, email })).user).toMatchObject({ email, emailVerified: false })
    const verify = (token: string) =>
      client.query<{ verifyEmail: Payload }>(
        'mutation ($token: String!) { verifyEmail(input: { token: $token }) { userErrors { code } } }',
        { token },
      )
    expect((await verify(token)).data?.verifyEmail.userErrors).toEqual([{ code: 'INVALID_TOKEN' }])
    expect((await verify(await mailbox.tokenFor(email))).data?.verifyEmail.userErrors).toEqual([])
    expect((await admin.rowOf(userId)).email_verified_at).not.toBeNull()
  })

  test('with a taken name is refused whole', async () => {
    const [ada, grace] = [await client.enter(), await client.enter()]
    const taken = { userId: ada.user.id, displayName: 'Other', username: grace.user.username.toUpperCase() }
    expect(await admin.does('updateUser', taken)).toEqual({
      user: null,
      userErrors: [{ code: 'USERNAME_TAKEN', path: ['input', 'username'] }],
    })
    const sameAddress = { userId: ada.user.id, email: grace.user.email }
    expect((await admin.does('updateUser', sameAddress)).userErrors).toMatchObject([{ code: 'EMAIL_TAKEN' }])
    expect(await admin.rowOf(ada.user.id)).toMatchObject({ display_name: 'Robin', email: ada.user.email })
    expect(await admin.auditOf(ada.user.id)).toEqual([])
  })

  test.each([
    ['email', 'nonsense'],
    ['username', ''],
    ['displayName', ''],
  ])('with the %s %j is a user error that leads to the field', async (field, value) => {
    const { user } = await client.enter()
    const { userErrors } = await admin.does('updateUser', { userId: user.id, [field]: value })
    expect(userErrors).toEqual([{ code: 'BAD_USER_INPUT', path: ['input', field] }])
  })
})
