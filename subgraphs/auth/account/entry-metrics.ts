import { RateLimitedError } from '../../../platform/errors.ts'
import { counter, type Metrics } from '../../../platform/metrics.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { OverloadedError } from '../password/bounded-queue.ts'

/** What any attempt may end with. */
type Result = 'ok' | 'rate_limited' | 'overloaded' | 'error'

/** How a sign-in ended. Those who sign in are told less. */
export type SignInResult =
  | Result
  | 'unknown_login'
  | 'wrong_password'
  | 'suspended'
  | 'not_verified'
  | 'code_required'
  | 'wrong_code'

/** How a sign-up ended; `pending`: it waits for its address to be verified. */
type SignUpResult = Result | 'pending' | 'invalid' | 'weak_password' | 'email_taken' | 'username_taken'

/**
 * How a refresh ended. `repeated`: the token was used a moment ago and gives the same successor; `reused`: longer ago, and
 * the session ends.
 */
export type RefreshResult = Result | 'repeated' | 'invalid_token' | 'session_ended' | 'reused'

/** Counts how people come in, by how that ends. */
export class EntryMetrics {
  readonly signIn: (result: SignInResult) => void
  readonly signUp: (result: SignUpResult) => void
  readonly refresh: (result: RefreshResult) => void

  constructor(metrics: Metrics) {
    this.signIn = countResults(metrics, {
      name: 'parley_auth_sign_ins_total',
      help: 'Sign-ins by how they ended; one that is asked for a code counts, and counts again with it.',
    })
    this.signUp = countResults(metrics, {
      name: 'parley_auth_sign_ups_total',
      help: 'Sign-ups by how they ended; pending ones wait for their address to be verified.',
    })
    this.refresh = countResults(metrics, {
      name: 'parley_auth_refreshes_total',
      help: 'Uses of refresh tokens by how they ended; reused ones may have been stolen, and end their sessions.',
    })
  }
}

function countResults(metrics: Metrics, described: { readonly name: string; readonly help: string }) {
  const totals = counter(metrics, { ...described, labels: ['result'] })
  totals.labels('ok').inc(0)
  return (result: string) => totals.labels(result).inc()
}

/**
 * How an attempt failed.
 *
 * @param faults what its UserFaults are called, by their codes.
 */
export function failureOf<Fault extends string>(
  error: unknown,
  faults: Readonly<Partial<Record<string, Fault>>>,
): Fault | Exclude<Result, 'ok'> {
  if (error instanceof UserFault) return faults[error.code] ?? 'error'
  if (error instanceof OverloadedError) return 'overloaded'
  return error instanceof RateLimitedError ? 'rate_limited' : 'error'
}
