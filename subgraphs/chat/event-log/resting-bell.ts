/** A bell that rings at once, but not again before it has rested. */
export interface RestingBell {
  /** Rings now, or once after the rest for all who ask meanwhile. */
  ring(): void
  /** Rings no more. */
  stop(): void
}

/**
 * Answers many rings together where each would cost a look.
 *
 * @param restMs how long it rests after it rang, in milliseconds.
 */
export function restingBell(restMs: number, ring: () => void): RestingBell {
  let timer: NodeJS.Timeout | undefined
  let rangMeanwhile = false
  let isStopped = false
  const rest = () => {
    timer = undefined
    if (rangMeanwhile) now()
  }
  const now = () => {
    rangMeanwhile = false
    timer = setTimeout(rest, restMs).unref()
    ring()
  }
  return {
    ring: () => {
      if (isStopped) return
      if (timer) rangMeanwhile = true
      else now()
    },
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
