import type { TestContext } from 'vitest'

/** For a test that changes users: without root it is skipped with the reason, and under CI it fails. */
export function requireRoot(context: TestContext): void {
  if (process.geteuid?.() === 0) return
  const reason = 'This test starts processes as other users, which needs root.'
  if (process.env.CI) throw new Error(reason)
  context.skip(reason)
}
