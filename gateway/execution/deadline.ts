/**
 * Runs work that must stop when its time is up, or nobody waits for it any more. `AbortSignal.timeout` and
 * `AbortSignal.any` would do the same, but keep a timer until it fires, and a trace of each call in `abandoned`.
 */
export async function withDeadline<Result>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<Result>,
  abandoned?: AbortSignal,
): Promise<Result> {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, milliseconds)
  abandoned?.addEventListener('abort', abort)
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    abandoned?.removeEventListener('abort', abort)
  }
}
