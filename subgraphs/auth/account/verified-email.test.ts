import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { Mailbox } from '../testing/mailbox.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const clock = new ManualClock()
let auth: RunningAuth
let mailbox: Mailbox

beforeAll(async () => {
  auth = await startTestAuth(clock, { AUTH_REQUIRE_VERIFIED_EMAIL: 'true' })
  mailbox = new Mailbox(auth.url)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

type Answer = Awaited<ReturnType<RunningAuth['client']['signUp']>>

/** Verifies an address with the mail's token. */
async function verify(token: string) {
  const { data } = await auth.client.query<{
    verifyEmail: { user: { id: string; emailVerified: boolean } | null; userErrors: { code: string }[] }
  }>(
    `mutation ($token: String!) {
      verifyEmail(input: { token: $token }) { user { id emailVerified } userErrors { code } }
    }`,
    { token },
  )
  return data?.verifyEmail
}

/** An answer without what is new in each. */
function withoutNews({ user, ...answer }: Answer): unknown {
  return { ...answer, user: user && { ...user, id: user.id.length, email: null, username: null } }
}

async function codeOf(answer: Promise<Answer>): Promise<string | undefined> {
  return (await answer).userErrors[0]?.code
}

describe('Where addresses must be verified', () => {
  test('a sign-up gives no tokens, and the account is usable once the mail’s token has come back', async () => {
    const person = newPerson()
    const { user, tokens, userErrors } = await auth.client.signUp(person)
    expect({ tokens, userErrors }).toEqual({ tokens: null, userErrors: [] })
    expect(user).toMatchObject({ username: person.username, email: person.email })
    for (const login of [person.email, person.username]) {
      expect(await codeOf(auth.client.signIn(login, person.password))).toBe('EMAIL_NOT_VERIFIED')
      expect(await codeOf(auth.client.signIn(login, 'another password'))).toBe('INVALID_CREDENTIALS')
    }
    const token = await mailbox.tokenFor(person.email)
    expect(await verify(token)).toEqual({ user: { id: user?.id, emailVerified: true }, userErrors: [] })
    expect(await verify(token)).toEqual({ user: null, userErrors: [{ code: 'INVALID_TOKEN' }] })
    expect((await auth.client.signIn(person.email, person.password)).user?.id).toBe(user?.id)
  })

  test('a repeated sign-up is answered as the first one, and nothing afterwards tells them apart', async () => {
    const owner = newPerson()
    await auth.client.signUp(owner)
    await verify(await mailbox.tokenFor(owner.email))
    const visitor = await signedIn()

    const password = 'chosen by the visitor'
    const known = { ...newPerson(), password, email: owner.email }
    const unknown = { ...newPerson(), password }
    const [first, second] = [await auth.client.signUp(known), await auth.client.signUp(unknown)]
    expect(withoutNews(first)).toEqual(withoutNews(second))

    for (const { email, username } of [known, unknown]) {
      expect(await codeOf(auth.client.signIn(email, password))).toBe('EMAIL_NOT_VERIFIED')
      expect(await codeOf(auth.client.signIn(username, password))).toBe('EMAIL_NOT_VERIFIED')
      expect(await codeOf(auth.client.signIn(email, 'another password'))).toBe('INVALID_CREDENTIALS')
      expect(await codeOf(auth.client.signUp({ ...newPerson(), username }))).toBeUndefined()
    }
    for (const { user } of [first, second]) {
      const { errors } = await auth.client.user(user?.id ?? '', visitor)
      expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
    }
  })

  test('the owner of an address learns of a repeated sign-up, and their password stays theirs', async () => {
    const owner = newPerson()
    await auth.client.signUp(owner)
    await verify(await mailbox.tokenFor(owner.email))
    clock.advance(1)
    await auth.client.signUp({ ...newPerson(), email: owner.email, password: 'chosen by somebody else' })
    expect((await mailbox.mailTo(owner.email)).link).toBeNull()
    expect((await auth.client.signIn(owner.email, owner.password)).tokens).not.toBeNull()
    expect(await codeOf(auth.client.signIn(owner.email, 'chosen by somebody else'))).toBe('EMAIL_NOT_VERIFIED')
  })

  test('whoever verifies first has the address and the username; the other is told what is taken', async () => {
    const email = newPerson().email
    const [first, second] = [
      { ...newPerson(), email },
      { ...newPerson(), email },
    ]
    await auth.client.signUp(first)
    const firstToken = await mailbox.tokenFor(email)
    clock.advance(1)
    await auth.client.signUp(second)
    const secondToken = await mailbox.tokenFor(email)
    expect((await verify(secondToken))?.userErrors).toEqual([])
    expect((await verify(firstToken))?.user).toBeNull()
    expect(await codeOf(auth.client.signIn(email, first.password))).not.toBe('EMAIL_NOT_VERIFIED')
    expect((await auth.client.signIn(second.username, second.password)).tokens).not.toBeNull()
  })

  test('a taken username is told, because anybody can see it', async () => {
    const owner = newPerson()
    await auth.client.signUp(owner)
    await verify(await mailbox.tokenFor(owner.email))
    expect(await codeOf(auth.client.signUp({ ...newPerson(), username: owner.username.toUpperCase() }))).toBe(
      'USERNAME_TAKEN',
    )
  })
})

/** The access token of somebody who has nothing to do with it. */
async function signedIn(): Promise<string> {
  const person = newPerson()
  await auth.client.signUp(person)
  await verify(await mailbox.tokenFor(person.email))
  const { tokens } = await auth.client.signIn(person.email, person.password)
  if (!tokens) throw new Error('The visitor was to be signed in.')
  return tokens.accessToken
}
