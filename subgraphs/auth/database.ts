import type { MikroORM } from '@mikro-orm/postgresql'
import { openDatabase } from '../../platform/database.ts'
import type { Logger } from '../../platform/logging.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { PendingSignUp } from './account/pending-sign-up.entity.ts'
import { User } from './account/user.entity.ts'
import { AuditEvent } from './audit/audit-event.entity.ts'
import { Deletion } from './deletion/deletion.entity.ts'
import { SigningKey } from './keys/signing-key.entity.ts'
import { MailJob } from './mail/mail-job.entity.ts'
import { MailedToken } from './mail/mailed-token.entity.ts'
import { RecoveryCode } from './mfa/recovery-code.entity.ts'
import { Totp } from './mfa/totp.entity.ts'
import { PeopleAndSessions } from './migrations/001-people-and-sessions.ts'
import { EndedSessionsIndex } from './migrations/002-ended-sessions.ts'
import { Accounts } from './migrations/003-accounts.ts'
import { Password } from './password/password.entity.ts'
import { Revocation } from './session/revocation.entity.ts'
import { Session } from './session/session.entity.ts'

const entities = [
  User,
  PendingSignUp,
  Password,
  Session,
  Revocation,
  Totp,
  RecoveryCode,
  MailJob,
  MailedToken,
  AuditEvent,
  SigningKey,
  Deletion,
]

/** Opens the Postgres schema `auth`, migrated to the newest version. */
export function openAuthDatabase(options: { url: string; logger: Logger; metrics?: Metrics }): Promise<MikroORM> {
  return openDatabase({
    ...options,
    schema: 'auth',
    entities,
    migrations: [
      { name: '001-people-and-sessions', class: PeopleAndSessions },
      { name: '002-ended-sessions', class: EndedSessionsIndex },
      { name: '003-accounts', class: Accounts },
    ],
  })
}
