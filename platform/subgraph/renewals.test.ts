import { describe, expect, it } from 'vitest'
import { AccessTokenVerifier, type Viewer } from '../access-token.ts'
import { newUuid } from '../ids.ts'
import { Renewals } from './renewals.ts'

let time = Date.parse('2030-01-01T00:00:00Z')
const verifier = new AccessTokenVerifier({
  keys: { find: async () => undefined, ready: async () => {} },
  issuer: 'parley',
  audience: 'parley',
  now: () => new Date(time),
})

const someone = (seconds: number): Viewer => ({
  userId: newUuid(),
  sessionId: newUuid(),
  tokenVersion: 0,
  scope: new Set(),
  expiresAt: new Date(time + seconds * 1000),
})

describe('the renewals on a socket', () => {
  it('are forgotten when their tokens expire', () => {
    const renewals = new Renewals(verifier)
    for (let count = 0; count < 1_000; count += 1) renewals.add(someone(600))
    const ada = someone(900)
    renewals.add(ada)
    time += 600_000
    renewals.add(someone(600))
    expect(renewals.size).toBe(2)
    expect(renewals.current(ada)).toBe(ada)
  })

  it('of one session count once, however many there are', () => {
    const renewals = new Renewals(verifier)
    const ada = someone(600)
    for (let count = 0; count < 100; count += 1) {
      renewals.add({ ...ada, expiresAt: new Date(ada.expiresAt.getTime() + count * 1000) })
    }
    expect(renewals.size).toBe(1)
  })

  it('prefer the token with the user’s later rights when two expire at once', () => {
    const renewals = new Renewals(verifier)
    const before = someone(600)
    const after = { ...before, tokenVersion: 1 }
    renewals.add(after)
    renewals.add(before)
    expect(renewals.current(before)).toBe(after)
  })
})
