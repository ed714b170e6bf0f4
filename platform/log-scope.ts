import { AsyncLocalStorage } from 'node:async_hooks'

/** What every line says that is logged while something is being done, unless it says otherwise itself. */
export interface LogScope {
  /** Of the request that it is done for, also where the process is another one. */
  readonly requestId?: string | undefined
  /** The UUID of the reply that is being written. */
  readonly generation?: string
  /** The UUID of the conversation that it is done for. */
  readonly conversation?: string
}

const scopes = new AsyncLocalStorage<LogScope>()

/** Does work of which every log line says what it is done for. */
export function inLogScope<Result>(scope: LogScope, work: () => Result): Result {
  return scopes.run(scope, work)
}

/** Does work that belongs to no request, though one may have caused it. */
export function outsideLogScopes<Result>(work: () => Result): Result {
  return scopes.exit(work)
}

/** What log lines say now; nothing outside of all scopes. */
export function logScopeNow(): LogScope {
  return scopes.getStore() ?? {}
}
