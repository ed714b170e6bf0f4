import { ApplicationError } from '../../platform/errors.ts'
import { LimitExceededError } from '../protection/limit-exceeded-error.ts'

/** Work was given up because nobody waits for its result any more; nobody is told either, so the code is of no matter. */
export class AbandonedError extends ApplicationError {
  override readonly name = 'AbandonedError'

  constructor() {
    super('OPERATION_TOO_EXPENSIVE', 'Nobody waits for the answer any more.')
  }
}

/**
 * Runs work that must stop when its time is up, or nobody waits for it any more: then its signal aborts, with an
 * {@link ApplicationError} for a reason. `AbortSignal.timeout` and `AbortSignal.any` would do the same, but keep a
 * timer until it fires, and a trace of each call in `abandoned`.
 *
 * @param spent of the milliseconds, as many have passed already.
 */
export async function withDeadline<Result>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<Result>,
  abandoned?: AbortSignal,
  spent = 0,
): Promise<Result> {
  const controller = new AbortController()
  const abandon = () => controller.abort(new AbandonedError())
  const timer = setTimeout(() => controller.abort(tookTooLong(milliseconds)), milliseconds - spent)
  if (abandoned?.aborted) abandon()
  abandoned?.addEventListener('abort', abandon)
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    abandoned?.removeEventListener('abort', abandon)
  }
}

function tookTooLong(milliseconds: number): LimitExceededError {
  const message = `The operation took longer than ${milliseconds} ms, which is the limit; ask for less at once.`
  return new LimitExceededError('operation_time', message)
}
