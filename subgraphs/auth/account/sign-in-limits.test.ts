import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { AuthClient, ManualClock, newPerson } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const clock = new ManualClock()
let auth: RunningAuth

beforeAll(async () => {
  auth = await startTestAuth(clock, { RATE_LIMIT_SIGN_IN_FAILURES: '10', RATE_LIMIT_SIGN_UP: '20' })
})

afterAll(() => auth?.[Symbol.asyncDispose]())

/** Aliased sign-ins in one operation, from an address nobody else uses; what each came to. */
async function signInTimes(count: number, login: string, password: string, address: string): Promise<unknown[]> {
  const fields = Array.from(
    { length: count },
    (_, index) => `try${index}: signIn(input: $input) { tokens { expiresAt } userErrors { code } }`,
  )
  const body = {
    query: `mutation ($input: SignInInput!) { ${fields.join(' ')} }`,
    variables: { input: { login, password } },
  }
  const response = await auth.client.post('/graphql', body, { 'x-forwarded-for': address })
  const { data, errors } = (await response.json()) as {
    data: Record<string, { tokens: object | null; userErrors: { code: string }[] } | null>
    errors?: { path: string[]; extensions: { code: string } }[]
  }
  return Object.entries(data).map(
    ([alias, answer]) =>
      errors?.find(({ path }) => path[0] === alias)?.extensions.code ?? answer?.userErrors[0]?.code ?? 'ok',
  )
}

const repeated = (count: number, code: string) => Array(count).fill(code)

describe('Failed sign-ins', () => {
  test.each([
    ['of an account', true],
    ['of nobody', false],
  ])('%s are ten a minute, aliased ones too; then the right password is refused as well', async (_title, exists) => {
    const person = newPerson()
    if (exists) await auth.client.signUp(person)
    const address = exists ? '192.0.2.1' : '192.0.2.2'
    const answers = await signInTimes(12, person.email, 'a wrong password', address)
    expect(answers).toEqual([...repeated(10, 'INVALID_CREDENTIALS'), ...repeated(2, 'RATE_LIMITED')])
    expect(await signInTimes(1, person.email, person.password, '192.0.2.3')).toEqual(['RATE_LIMITED'])
  })

  test('count by the name that was tried, in whatever case: that two names are one account’s is not told', async () => {
    const person = newPerson()
    await auth.client.signUp(person)
    const shouted = person.username.toUpperCase()
    expect(await signInTimes(5, person.username, 'a wrong password', '192.0.2.4')).toEqual(
      repeated(5, 'INVALID_CREDENTIALS'),
    )
    expect(await signInTimes(6, shouted, 'a wrong password', '192.0.2.4')).toEqual([
      ...repeated(5, 'INVALID_CREDENTIALS'),
      'RATE_LIMITED',
    ])
    expect(await signInTimes(1, person.email, 'a wrong password', '192.0.2.5')).toEqual(['INVALID_CREDENTIALS'])
  })

  test('of one address are sixty a minute, whoever is tried; other addresses go on', async () => {
    for (let account = 0; account < 6; account += 1) {
      await signInTimes(10, newPerson().email, 'a wrong password', '192.0.2.6')
    }
    const person = newPerson()
    await auth.client.signUp(person)
    expect(await signInTimes(1, person.email, person.password, '192.0.2.6')).toEqual(['RATE_LIMITED'])
    expect(await signInTimes(1, person.email, person.password, '192.0.2.7')).toEqual(['ok'])
  })

  test('of somebody’s id, which is no login, do not keep them from giving their password again', async () => {
    const { user, tokens } = await auth.client.enter()
    const uuid = decodeId('usr', user.id)
    expect(await signInTimes(11, uuid, 'a wrong password', '192.0.2.9')).toContain('RATE_LIMITED')
    const query = 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { userErrors { code } } }'
    const input = { password: newPerson().password }
    const answer = await auth.client.query(query, { input }, tokens.accessToken)
    expect(answer).toMatchObject({ data: { deleteAccount: { userErrors: [] } } })
  })

  test('are not what right ones are', async () => {
    const person = newPerson()
    await auth.client.signUp(person)
    expect(await signInTimes(30, person.email, person.password, '192.0.2.8')).toEqual(repeated(30, 'ok'))
  })
})

describe('Sign-ups', () => {
  test('of one address are twenty a minute', async () => {
    const codes: unknown[] = []
    for (let count = 0; count < 22; count += 1) {
      const variables = { input: { ...newPerson(), password: 'short' } }
      const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { userErrors { code } } }'
      const response = await auth.client.post('/graphql', { query, variables }, { 'x-forwarded-for': '198.51.100.1' })
      const { data, errors } = (await response.json()) as {
        data?: { signUp: { userErrors: { code: string }[] } | null }
        errors?: { extensions: { code: string } }[]
      }
      codes.push(errors?.[0]?.extensions.code ?? data?.signUp?.userErrors[0]?.code)
    }
    expect(codes).toEqual([...repeated(20, 'WEAK_PASSWORD'), ...repeated(2, 'RATE_LIMITED')])
  })
})

describe('A suspended account', () => {
  test('answers as an unknown one, whatever the password', async () => {
    const person = newPerson()
    await auth.client.signUp(person)
    await auth.sql.query('UPDATE auth.user SET suspended_at = now() WHERE username = $1', [person.username])
    const other = new AuthClient(auth.url, clock)
    const unknown = await other.signIn(newPerson().email, person.password)
    for (const password of [person.password, 'a wrong password']) {
      expect(await other.signIn(person.email, password)).toEqual(unknown)
    }
  })
})
