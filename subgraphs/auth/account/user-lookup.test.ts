import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../testing/auth-client.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'

let auth: RunningAuth
beforeAll(async () => {
  auth = await startTestAuth(new ManualClock())
})
afterAll(() => auth?.[Symbol.asyncDispose]())

describe('POST /internal/users with usernames', () => {
  test('tells who bears them, in whatever case they were written', async () => {
    const { user } = await auth.client.signUp({ username: 'Ada.L-1_', displayName: 'Ada' })
    for (const asked of ['Ada.L-1_', 'ada.l-1_', 'ADA.L-1_']) {
      const response = await auth.client.post('/internal/users', { usernames: [asked, 'ada.l', 'nobody', ''] })
      expect(await response.json()).toEqual({ users: [{ id: user?.id, username: 'Ada.L-1_', displayName: 'Ada' }] })
    }
  })

  test('takes a hundred of them, and none', async () => {
    for (const usernames of [[], Array.from({ length: 100 }, (_, index) => `nobody${index}`)]) {
      const response = await auth.client.post('/internal/users', { usernames })
      expect([response.status, await response.json()]).toEqual([200, { users: [] }])
    }
  })

  test.each([
    ['101 names', { usernames: Array(101).fill('ada') }],
    ['names that are not a list', { usernames: 'ada' }],
    ['names that are not texts', { usernames: [7] }],
    ['ids and names at once', { ids: [], usernames: [] }],
  ])('answers 400 to %s', async (_title, body) => {
    const response = await auth.client.post('/internal/users', body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
  })
})
