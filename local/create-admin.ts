import { parseArgs } from 'node:util'
import { ConfigurationError } from '../platform/environment.ts'
import { readSecretFiles } from '../platform/environment-files.ts'
import { NotFoundError } from '../platform/errors.ts'
import { createLogger } from '../platform/logging.ts'
import { UserFault } from '../platform/user-fault.ts'
import { createAdministrator, promoteToAdministrator } from '../subgraphs/auth/account/administrators.ts'
import { AuditLog, NO_ORIGIN } from '../subgraphs/auth/audit/audit-log.ts'
import { openBreachLookup } from '../subgraphs/auth/password/breach-lookup.ts'
import { NewPasswords } from '../subgraphs/auth/password/new-passwords.ts'
import { PasswordHasher } from '../subgraphs/auth/password/password-hasher.ts'
import { SessionEnding } from '../subgraphs/auth/session/session-ending.ts'
import { askPassword } from './ask-password.ts'
import { type Administration, runCommand } from './command.ts'

const USAGE = 'Say: npm run create-admin -- --email ada@example.com [--username ada] [--promote]'

interface Wanted {
  readonly email: string
  readonly username: string | undefined
  /** Undefined: no account is made; the one that has the address is made an administrator's. */
  readonly password: string | undefined
}

await runCommand({ usage: USAGE, read: readWanted, carryOut, explain })

async function readWanted(): Promise<Wanted> {
  const environment = readSecretFiles(process.env)
  const knownEmail = environment.ADMIN_EMAIL || undefined
  const knownPassword = environment.ADMIN_PASSWORD || undefined
  const { values } = parseArgs({
    options: { email: { type: 'string' }, username: { type: 'string' }, promote: { type: 'boolean' } },
  })
  const { email = knownEmail, username, promote } = values
  if (email === undefined) throw new ConfigurationError(`Whose account? ${USAGE}, or set ADMIN_EMAIL.`)
  if (promote && username !== undefined) throw new ConfigurationError('--promote takes no --username.')
  if (promote) return { email, username, password: undefined }
  // The known password is that of the known address, and nobody else's.
  const isKnown = email.toLowerCase() === knownEmail?.toLowerCase()
  const password = (isKnown ? knownPassword : undefined) ?? (await askPassword('Password of the new account: '))
  if (password !== '') return { email, username, password }
  throw new ConfigurationError(
    'There is no password: type one, or set ADMIN_EMAIL and ADMIN_PASSWORD to those of the account.',
  )
}

async function carryOut({ config, orm }: Administration, wanted: Wanted): Promise<string> {
  const now = () => new Date()
  const parts = { em: orm.em, audit: new AuditLog(NO_ORIGIN, now), now }
  const { email, username, password } = wanted
  if (password === undefined) {
    // The other processes look by themselves, within a second.
    const user = await promoteToAdministrator({ ...parts, ending: new SessionEnding({ now, ring: () => {} }) }, email)
    return `${user.username} (${user.email}) is an administrator now.`
  }
  const { minLength, breachesUrl } = config.passwords
  const breaches = openBreachLookup(breachesUrl, createLogger({ name: 'create-admin', ...config.logging }))
  const made = await createAdministrator(
    { ...parts, hasher: new PasswordHasher(), newPasswords: new NewPasswords({ minLength, breaches }) },
    { email, username, password },
  )
  return `Made the administrator ${made.username} (${made.email}).`
}

function explain(error: unknown): string | undefined {
  if (error instanceof NotFoundError) return 'No account has this address; leave --promote out to make one.'
  if (!(error instanceof UserFault) || error.code !== 'EMAIL_TAKEN') return undefined
  return `${error.message} To make it an administrator's, add --promote.`
}
