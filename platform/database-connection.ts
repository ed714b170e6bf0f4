/** Longest that a new connection takes. */
const CONNECT_TIMEOUT_MS = 5_000
/** A transaction in which nothing is said for so long is ended by Postgres, and lets go of what it has locked. */
const IDLE_TRANSACTION_TIMEOUT_MS = 30_000
/** Postgres finds out after a minute that the host of a client is gone. Over a Unix socket these have no effect. */
const KEEPALIVES = '-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3'

/** Ends no statement: 24 days, the most there is. Zero would not be sent, and the role's own timeout would hold. */
export const NO_STATEMENT_TIMEOUT_MS = 2 ** 31 - 1

/** Read by `pg`; what stands in the URL has the last word. */
interface ConnectionOptions {
  readonly connectionString: string
  readonly application_name: string
  readonly statement_timeout: number
  readonly idle_in_transaction_session_timeout: number
  readonly connectionTimeoutMillis: number
  readonly keepAlive: true
  readonly options: string
}

/**
 * How every connection to a subgraph's database is made. A process that stops or loses its network holds nothing for
 * long.
 *
 * @param url a libpq connection URL.
 * @param name what `pg_stat_activity` calls it.
 * @param statementTimeoutMs the longest that one SQL statement may run before Postgres cancels it.
 */
export function connectionOptions(url: string, name: string, statementTimeoutMs: number): ConnectionOptions {
  return {
    connectionString: url,
    application_name: name,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    options: KEEPALIVES,
  }
}

/** The database that a URL names; MikroORM insists on a name of its own although the URL has the last word. */
export function databaseNameOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1)) || 'parley'
}
