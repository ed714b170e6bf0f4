import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { Mailbox } from '../testing/mailbox.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const clock = new ManualClock()
let auth: RunningAuth

beforeAll(async () => {
  auth = await startTestAuth(clock)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

const UPDATE = `mutation ($input: UpdateProfileInput!) {
  updateProfile(input: $input) { user { username displayName avatarUrl } userErrors { code path } }
}`

const CHANGE_PASSWORD = `mutation ($input: ChangePasswordInput!) {
  changePassword(input: $input) { user { id } userErrors { code path } }
}`

const NEW_PASSWORD = 'a quite different phrase'

describe('Changing one’s profile', () => {
  test('changes what is given and leaves the rest', async () => {
    const { user, tokens } = await auth.client.enter()
    const change = async (input: object) => (await auth.client.query(UPDATE, { input }, tokens.accessToken)).data
    const url = 'https://example.org/ada.png'
    expect(await change({ avatarUrl: url })).toMatchObject({
      updateProfile: { user: { username: user.username, displayName: user.displayName, avatarUrl: url } },
    })
    expect(await change({ displayName: 'Ada' })).toMatchObject({
      updateProfile: { user: { displayName: 'Ada', avatarUrl: url } },
    })
    expect(await change({ avatarUrl: null, username: null })).toEqual({
      updateProfile: { user: { username: user.username, displayName: 'Ada', avatarUrl: null }, userErrors: [] },
    })
  })

  test('writes down what changed, and nothing where nothing does', async () => {
    const { user, tokens } = await auth.client.enter()
    const change = async (input: object) => {
      const { data } = await auth.client.query(UPDATE, { input }, tokens.accessToken)
      expect(data).toMatchObject({ updateProfile: { userErrors: [] } })
    }
    const { username, displayName } = user
    for (const nothing of [{}, { username: null }, { username, displayName, avatarUrl: null }]) await change(nothing)
    await change({ username: username.toUpperCase(), displayName, avatarUrl: 'https://example.org/ada.png' })
    const { rows } = await auth.sql.query(
      `SELECT details FROM auth.audit_event WHERE action = 'user.updated' AND subject_id = $1`,
      [decodeId('usr', user.id)],
    )
    expect(rows).toEqual([{ details: 'changed: username, avatarUrl' }])
  })

  test('to another case of the own username is no conflict, to somebody else’s it is', async () => {
    const [ada, bob] = [await auth.client.enter(), await auth.client.enter()]
    const rename = (username: string) => auth.client.query(UPDATE, { input: { username } }, ada.tokens.accessToken)
    const shouted = ada.user.username.toUpperCase()
    expect((await rename(shouted)).data).toMatchObject({ updateProfile: { user: { username: shouted } } })
    for (const username of [bob.user.username.toUpperCase(), 'Assistant']) {
      expect((await rename(username)).data).toEqual({
        updateProfile: { user: null, userErrors: [{ code: 'USERNAME_TAKEN', path: ['input', 'username'] }] },
      })
    }
  })

  test.each([
    ['username', 'a b'],
    ['username', 'ad\u0430'],
    ['displayName', 'Ada\r\nBcc: everybody@example.org'],
    ['displayName', ' '],
  ])('refuses the %s %j and changes nothing', async (field, value) => {
    const { user, tokens } = await auth.client.enter()
    const input = { displayName: 'Somebody else', [field]: value }
    expect((await auth.client.query(UPDATE, { input }, tokens.accessToken)).data).toEqual({
      updateProfile: { user: null, userErrors: [{ code: 'BAD_USER_INPUT', path: ['input', field] }] },
    })
    expect((await auth.client.me(tokens.accessToken)).data?.me).toEqual(user)
  })

  test.each([
    'javascript:alert(1)',
    'ftp://example.org/a.png',
    '/a.png',
    'https://user:password@example.org/a.png',
    'https://example.org/a b.png',
    `https://example.org/${'a'.repeat(2_048)}`,
  ])('refuses the picture %j', async (avatarUrl) => {
    const { tokens } = await auth.client.enter()
    const { errors } = await auth.client.query(UPDATE, { input: { avatarUrl } }, tokens.accessToken)
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  })
})

describe('Changing one’s password', () => {
  test('ends the other sessions and keeps this one; the old password is good for nothing', async () => {
    const person = newPerson()
    const { tokens } = await auth.client.signUp(person)
    const other = await auth.client.signIn(person.username, person.password)
    const input = { currentPassword: person.password, newPassword: NEW_PASSWORD }
    const answer = await auth.client.query(CHANGE_PASSWORD, { input }, tokens?.accessToken)
    expect(answer.data).toMatchObject({ changePassword: { userErrors: [] } })
    expect((await auth.client.me(tokens?.accessToken)).errors).toBeUndefined()
    expect((await auth.client.me(other.tokens?.accessToken)).errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
    ])
    expect((await auth.client.signIn(person.username, person.password)).tokens).toBeNull()
    expect((await auth.client.signIn(person.username, NEW_PASSWORD)).tokens).not.toBeNull()
  })

  test.each([
    ['a wrong current password', 'not the password', NEW_PASSWORD, 'INVALID_CREDENTIALS', 'currentPassword'],
    ['a new one that is short', undefined, 'short', 'WEAK_PASSWORD', 'newPassword'],
    ['a new one that is common', undefined, '1q2w3e4r5t6y', 'WEAK_PASSWORD', 'newPassword'],
  ])('with %s changes nothing', async (_title, current, newPassword, code, field) => {
    const person = newPerson()
    const { tokens } = await auth.client.signUp(person)
    const input = { currentPassword: current ?? person.password, newPassword }
    const answer = await auth.client.query(CHANGE_PASSWORD, { input }, tokens?.accessToken)
    expect(answer.data).toEqual({ changePassword: { user: null, userErrors: [{ code, path: ['input', field] }] } })
    expect((await auth.client.signIn(person.username, person.password)).tokens).not.toBeNull()
  })

  test('makes the links that were mailed for a new one worthless', async () => {
    const person = newPerson()
    const { tokens } = await auth.client.signUp(person)
    const reset = 'mutation ($email: String!) { requestPasswordReset(input: { email: $email }) { accepted } }'
    await auth.client.query(reset, { email: person.email })
    const token = await new Mailbox(auth.url).tokenFor(person.email, 'RESET_PASSWORD')
    const input = { currentPassword: person.password, newPassword: NEW_PASSWORD }
    await auth.client.query(CHANGE_PASSWORD, { input }, tokens?.accessToken)
    const { data } = await auth.client.query(
      'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { userErrors { code } } }',
      { input: { token, newPassword: 'what the thief would like' } },
    )
    expect(data).toEqual({ resetPassword: { userErrors: [{ code: 'INVALID_TOKEN' }] } })
  })

  test('while somebody signs in with the old one leaves no session of the old one', async () => {
    const person = newPerson()
    const { tokens } = await auth.client.signUp(person)
    const input = { currentPassword: person.password, newPassword: NEW_PASSWORD }
    const [, ...signIns] = await Promise.all([
      auth.client.query(CHANGE_PASSWORD, { input }, tokens?.accessToken),
      ...Array.from({ length: 8 }, () => auth.client.signIn(person.username, person.password)),
    ])
    const opened = signIns.flatMap((answer) => answer.tokens ?? [])
    const answers = await Promise.all(opened.map(({ accessToken }) => auth.client.me(accessToken)))
    expect(answers.filter(({ errors }) => !errors)).toEqual([])
  })
})
