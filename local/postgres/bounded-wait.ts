import { setTimeout as delay } from 'node:timers/promises'

const INTERVAL_MS = 5

/** Asks `condition` again and again until it holds (`true`) or `timeoutMs` have passed (`false`). */
export async function waitUntil(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() >= deadline) return false
    await delay(INTERVAL_MS)
  }
  return true
}

/** Whether `promise` settles within `timeoutMs`; its value or error is not looked at. */
export async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController()
  const settled = promise.then(
    () => true,
    () => true,
  )
  const timedOut = delay(timeoutMs, false, { signal: timer.signal }).catch(() => false)
  try {
    return await Promise.race([settled, timedOut])
  } finally {
    timer.abort()
  }
}
