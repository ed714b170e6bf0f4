import { afterEach, describe, expect, it } from 'vitest'
import { SubgraphUnavailableError, UnauthenticatedError } from '../../platform/errors.ts'
import { newUuid } from '../../platform/ids.ts'
import { ViewerWatch } from './viewer-watch.ts'

const HOUR_MS = 3_600_000
const watches: ViewerWatch[] = []
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop()
})

/** Watches a token that lives for an hour and is verified again all the time, with this outcome. */
function watch(verifyAgain: () => Promise<void>): { ends: number; verified: number } {
  const seen = { ends: 0, verified: 0 }
  const viewer = {
    userId: newUuid(),
    sessionId: newUuid(),
    tokenVersion: 0,
    scope: new Set<string>(),
    expiresAt: new Date(Date.now() + HOUR_MS),
  }
  const sources = { revocations: undefined, now: () => new Date(), verifyEveryMs: 1 }
  const verify = () => {
    seen.verified += 1
    return verifyAgain()
  }
  watches.push(
    new ViewerWatch(viewer, sources, verify, () => {
      seen.ends += 1
    }),
  )
  return seen
}

describe('the watch over a socket’s token', () => {
  it('ends once when the token is refused at a later look, because its key was withdrawn, say', async () => {
    const seen = watch(() => Promise.reject(new UnauthenticatedError()))
    await expect.poll(() => seen.ends).toBe(1)
    const { verified } = seen
    const other = watch(async () => {})
    await expect.poll(() => other.verified).toBeGreaterThan(3)
    expect(seen).toEqual({ ends: 1, verified })
  })

  it('goes on while the token is good, and while nobody can tell', async () => {
    const good = watch(async () => {})
    const unknown = watch(() => Promise.reject(new SubgraphUnavailableError('auth')))
    await expect.poll(() => Math.min(good.verified, unknown.verified)).toBeGreaterThan(3)
    expect([good.ends, unknown.ends]).toEqual([0, 0])
  })
})
