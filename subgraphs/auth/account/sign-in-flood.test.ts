import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, newPerson } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

const HEALTHY_WITHIN_MS = 1_000
/** Hashing takes 19 MiB a password; what is under way at once is bounded, whatever comes in. */
const MOST_MEMORY = 400_000_000
const clock = new ManualClock()
let auth: RunningAuth

beforeAll(async () => {
  auth = await startTestAuth(clock)
})

afterAll(() => auth?.[Symbol.asyncDispose]())

const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) { tokens { expiresAt } userErrors { code } } }`

/** What a sign-in says, in one word. */
async function signIn(login: string, password: string): Promise<string | undefined> {
  const { data, errors } = await auth.client.query<{
    signIn: { tokens: object | null; userErrors: { code: string }[] } | null
  }>(SIGN_IN, { input: { login, password } })
  return errors?.[0]?.extensions.code ?? data?.signIn?.userErrors[0]?.code ?? (data?.signIn?.tokens ? 'ok' : undefined)
}

/** How long `/health` took at worst, asked without a pause until the work is done. */
async function slowestHealthCheck(work: Promise<unknown>): Promise<number> {
  let isDone = false
  let slowest = 0
  void work.finally(() => {
    isDone = true
  })
  do {
    const since = performance.now()
    await auth.client.get('/health')
    slowest = Math.max(slowest, performance.now() - since)
  } while (!isDone)
  return slowest
}

describe('A flood of sign-ins', () => {
  test.each([64, 200])('of %i at once keeps the process answering and its memory bounded', async (count) => {
    const person = newPerson()
    await auth.client.signUp(person)
    const before = process.memoryUsage.rss()
    const flood = Promise.all(
      Array.from({ length: count }, (_, index) =>
        index % 2 === 0 ? signIn(person.username, person.password) : signIn(newPerson().email, 'any password'),
      ),
    )
    expect(await slowestHealthCheck(flood)).toBeLessThan(HEALTHY_WITHIN_MS)
    const answers = await flood
    expect(answers.filter((answer, index) => answer !== 'RATE_LIMITED' && answer !== expected(index))).toEqual([])
    expect(answers).toContain('ok')
    expect(process.memoryUsage.rss() - before).toBeLessThan(MOST_MEMORY)
    expect(await signIn(person.username, person.password)).toBe('ok')
  })
})

const expected = (index: number) => (index % 2 === 0 ? 'ok' : 'INVALID_CREDENTIALS')
