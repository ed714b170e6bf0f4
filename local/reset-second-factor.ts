import { parseArgs } from 'node:util'
import { ConfigurationError } from '../platform/environment.ts'
import { AuditLog, NO_ORIGIN } from '../subgraphs/auth/audit/audit-log.ts'
import { MailQueue } from '../subgraphs/auth/mail/mail-queue.ts'
import { resetSecondFactor } from '../subgraphs/auth/mfa/second-factor-reset.ts'
import { runCommand } from './command.ts'

const USAGE = 'Say: npm run reset-second-factor -- ada@example.com'

await runCommand({
  usage: USAGE,
  read() {
    const [login, ...rest] = parseArgs({ allowPositionals: true }).positionals
    if (login === undefined || rest.length > 0) throw new ConfigurationError(`Whose second factor? ${USAGE}`)
    return login
  },
  async carryOut({ orm }, login) {
    const now = () => new Date()
    // The auth process finds the mail by itself, within seconds.
    const mail = new MailQueue({ now, wake: () => {} })
    const { username, email } = await resetSecondFactor(
      { em: orm.em, audit: new AuditLog(NO_ORIGIN, now), mail },
      login,
    )
    return `${username} (${email}) signs in with the password alone now, and is told so by mail.`
  },
})
