/** What Node and Postgres (appendix A: classes 08 and 57P, 53300) say when no statement can be run at all. */
const AWAY = /^(08\w{3}|57P0\d|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|ENOENT)$/
const DRIVER_SAYS =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error)/

/** Whether an error means that the database cannot be reached, which passes, and not that a statement was wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, syscall } = error as NodeJS.ErrnoException
  // A missing file is ENOENT as well; a missing socket says that it could not connect.
  if (code === 'ENOENT' ? syscall === 'connect' : typeof code === 'string' && AWAY.test(code)) return true
  return DRIVER_SAYS.test(error.message) || isDatabaseAway(error.cause)
}
