/**
 * Waits for something, and no longer than it may take.
 *
 * @param what is waited for, for the message.
 * @throws Error that names it when the time is up; else what `awaited` rejects with.
 */
export async function inTime<Value>(awaited: PromiseLike<Value>, ms: number, what: string): Promise<Value> {
  const timeUp = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeUp.reject(new Error(`Waited ${ms / 1_000} s for ${what}, in vain.`)), ms)
  try {
    return await Promise.race([awaited, timeUp.promise])
  } finally {
    clearTimeout(timer)
  }
}
