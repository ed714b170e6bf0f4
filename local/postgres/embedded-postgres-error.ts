/**
 * Why the embedded PostgreSQL could not serve:
 *
 * - `NO_BINARIES`: no package with binaries is installed for this platform.
 * - `BINARIES_UNUSABLE`: the binaries are there and do not run, or cannot be brought to where the server may run them.
 * - `USER_UNSUPPORTED`: the server cannot run as the present user.
 * - `DATA_FOLDER_IN_USE`: another server works on the data folder.
 * - `DATA_FOLDER_UNUSABLE`: the data folder holds something else, or belongs to someone else.
 * - `START_FAILED`: the server ended while it started, or did not become ready in time.
 * - `DATABASE_NAME_INVALID`: a database may not be called that.
 */
export type EmbeddedPostgresErrorCode =
  | 'NO_BINARIES'
  | 'BINARIES_UNUSABLE'
  | 'USER_UNSUPPORTED'
  | 'DATA_FOLDER_IN_USE'
  | 'DATA_FOLDER_UNUSABLE'
  | 'START_FAILED'
  | 'DATABASE_NAME_INVALID'

/** The embedded PostgreSQL cannot do what was asked; the message says what the user can do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  readonly code: EmbeddedPostgresErrorCode

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
