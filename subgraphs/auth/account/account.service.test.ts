import { hash } from '@node-rs/argon2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const clock = new ManualClock()
let auth: RunningAuth
let client: RunningAuth['client']
let sql: RunningAuth['sql']

beforeAll(async () => {
  auth = await startTestAuth(clock)
  ;({ client, sql } = auth)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

describe('Signing up', () => {
  test('makes an account, signs it in and shows the new user to themself', async () => {
    const person = newPerson()
    const { user, tokens, userErrors } = await client.signUp(person)
    expect(userErrors).toEqual([])
    expect(user).toEqual({
      id: expect.stringMatching(/^usr_[0-9a-z]{26}$/),
      username: person.username,
      displayName: 'Robin',
      email: person.email,
      roles: ['MEMBER'],
      createdAt: clock.now().toISOString(),
    })
    expect((await client.me(tokens?.accessToken)).data?.me).toEqual(user)
  })

  test('names the account after its username when no other name is given', async () => {
    const { displayName: _, ...person } = newPerson()
    const query = `mutation ($input: SignUpInput!) { signUp(input: $input) { user { displayName } } }`
    const answer = await client.query(query, { input: person })
    expect(answer).toEqual({ data: { signUp: { user: { displayName: person.username } } } })
  })

  test.each([
    ['email', ' ada@example.com', 'BAD_USER_INPUT'],
    ['email', 'ada\ud800@example.com', 'BAD_USER_INPUT'],
    ['username', 'a b', 'BAD_USER_INPUT'],
    ['username', 'ada\u0000', 'BAD_USER_INPUT'],
    ['displayName', 'Ada\nLovelace', 'BAD_USER_INPUT'],
    ['password', 'too short', 'WEAK_PASSWORD'],
    ['password', 'long enough \ud800\u0000', 'WEAK_PASSWORD'],
  ])('with the %s %j is a user error that leads to the field', async (field, value, code) => {
    const { user, tokens, userErrors } = await client.signUp({ [field]: value })
    expect({ user, tokens }).toEqual({ user: null, tokens: null })
    expect(userErrors).toEqual([{ code, message: expect.any(String), path: ['input', field] }])
  })

  test('with a taken name is refused, whatever the case', async () => {
    const { email, username } = newPerson()
    await client.signUp({ email, username })
    const sameEmail = await client.signUp({ email: email.toUpperCase() })
    const sameUsername = await client.signUp({ username: username.toUpperCase() })
    expect(sameEmail.userErrors).toMatchObject([{ code: 'EMAIL_TAKEN', path: ['input', 'email'] }])
    expect(sameUsername.userErrors).toMatchObject([{ code: 'USERNAME_TAKEN', path: ['input', 'username'] }])
  })

  test('at once under the same name gives one account and user errors to the others', async () => {
    const { email, username } = newPerson()
    const sameEmail = await Promise.all(Array.from({ length: 8 }, () => client.signUp({ email })))
    const sameUsername = await Promise.all(Array.from({ length: 8 }, () => client.signUp({ username })))
    const codesOf = (answers: typeof sameEmail) =>
      answers.map(({ userErrors, user }) => userErrors[0]?.code ?? (user ? 'CREATED' : 'NOTHING')).sort()
    expect(codesOf(sameEmail)).toEqual(['CREATED', ...Array(7).fill('EMAIL_TAKEN')])
    expect(codesOf(sameUsername)).toEqual(['CREATED', ...Array(7).fill('USERNAME_TAKEN')])
  })

  test('twice in one operation leaves the second whole when the first is refused', async () => {
    const taken = await client.enter()
    const first = { ...newPerson(), username: taken.user.username }
    const second = newPerson()
    const query = `mutation ($first: SignUpInput!, $second: SignUpInput!) {
      first: signUp(input: $first) { userErrors { code } }
      second: signUp(input: $second) { user { username } userErrors { code } }
    }`
    const { data } = await client.query(query, { first, second })
    expect(data).toEqual({
      first: { userErrors: [{ code: 'USERNAME_TAKEN' }] },
      second: { user: { username: second.username }, userErrors: [] },
    })
  })

  test('never stores the password itself', async () => {
    const { user } = await client.signUp({ password: 'a password to look for' })
    const { rows } = await sql.query(
      'SELECT u::text || p::text AS line FROM auth.user u JOIN auth.password p ON p.user_id = u.id WHERE username = $1',
      [user?.username],
    )
    expect(rows).toHaveLength(1)
    expect(rows[0].line).toContain('$argon2id$')
    expect(rows[0].line).not.toContain('a password to look for')
  })
})

describe('Signing in', () => {
  test('takes the email address or the username, whatever the case', async () => {
    const person = newPerson()
    const { user } = await client.signUp(person)
    for (const login of [person.email, person.username, person.email.toUpperCase(), person.username.toUpperCase()]) {
      const answer = await client.signIn(login, person.password)
      expect(answer).toMatchObject({ user, userErrors: [] })
    }
  })

  test('takes the password however its letters are composed', async () => {
    const { username } = newPerson()
    await client.signUp({ username, password: 'é café olé André' })
    expect((await client.signIn(username, 'é café olé André'.normalize('NFD'))).userErrors).toEqual([])
  })

  test('says the same for a wrong password, an unknown user and a login that can name nobody', async () => {
    const { username, password } = newPerson()
    await client.signUp({ username, password })
    const answers = await Promise.all([
      client.signIn(username, 'a wrong password'),
      client.signIn(username, `${password}\u0000`),
      client.signIn(username, 'x'.repeat(100_000)),
      client.signIn(newPerson().username, password),
      client.signIn(newPerson().email, password),
      client.signIn('no\u0000body', password),
      client.signIn('', ''),
    ])
    expect(answers[0]).toEqual({
      user: null,
      tokens: null,
      userErrors: [{ code: 'INVALID_CREDENTIALS', message: expect.any(String), path: ['input'] }],
    })
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  test('renews a hash that was made at a lower cost', async () => {
    const person = newPerson()
    const { user } = await client.signUp(person)
    const cheap = await hash(person.password, { memoryCost: 8_192, timeCost: 1 })
    const where = 'WHERE user_id = (SELECT id FROM auth.user WHERE username = $1)'
    await sql.query(`UPDATE auth.password SET hash = $2 ${where}`, [person.username, cheap])
    expect((await client.signIn(person.username, person.password)).user).toEqual(user)
    const { rows } = await sql.query(`SELECT hash FROM auth.password ${where}`, [person.username])
    expect(rows[0].hash).toContain('m=19456,t=2,p=1')
    expect((await client.signIn(person.username, person.password)).user).toEqual(user)
  })
})

describe('me', () => {
  test('is null to somebody who is not signed in', async () => {
    expect(await client.me()).toEqual({ data: { me: null } })
  })

  test('is UNAUTHENTICATED once the session has ended', async () => {
    const { tokens } = await client.enter()
    await client.signOut(tokens.accessToken)
    expect((await client.me(tokens.accessToken)).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })

  test('is UNAUTHENTICATED once the account is gone', async () => {
    const { user, tokens } = await client.enter()
    await sql.query('DELETE FROM auth.user WHERE username = $1', [user.username])
    expect((await client.me(tokens.accessToken)).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})

describe('user', () => {
  test('shows another user without what is theirs alone', async () => {
    const [ada, bob] = [await client.enter(), await client.enter()]
    const seenByBob = await client.user(ada.user.id, bob.tokens.accessToken)
    expect(seenByBob).toEqual({ data: { user: { ...ada.user, email: null, roles: null } } })
    expect(await client.user(ada.user.id, ada.tokens.accessToken)).toEqual({ data: { user: ada.user } })
  })

  test.each([
    ['usr_01h455vb4pex5vsknk084sn02q', 'NOT_FOUND'],
    ['ses_01h455vb4pex5vsknk084sn02q', 'BAD_USER_INPUT'],
    ['USR_01H455VB4PEX5VSKNK084SN02Q', 'BAD_USER_INPUT'],
    [newUuid(), 'BAD_USER_INPUT'],
    ['usr_\u0000', 'BAD_USER_INPUT'],
    ['', 'BAD_USER_INPUT'],
  ])('with the id %j is %s', async (id, code) => {
    const { tokens } = await client.enter()
    const answer = await client.user(id, tokens.accessToken)
    expect(answer).toMatchObject({ data: { user: null }, errors: [{ path: ['user'], extensions: { code } }] })
  })

  test('is UNAUTHENTICATED to somebody who is not signed in, or no longer', async () => {
    const { user, tokens } = await client.enter()
    await client.signOut(tokens.accessToken)
    for (const token of [undefined, tokens.accessToken]) {
      const { errors } = await client.user(user.id, token)
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    }
  })
})
