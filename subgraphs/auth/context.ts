import type { Caller } from '../../platform/subgraph/caller.ts'
import { AccountService } from './account/account.service.ts'
import { AdministrationService } from './account/administration.service.ts'
import { UserDirectory } from './account/directory.service.ts'
import { EmailVerificationService } from './account/email-verification.service.ts'
import { SignInService } from './account/sign-in.service.ts'
import { SignUpService } from './account/sign-up.service.ts'
import { createUserLoader, type UserLoader } from './account/user.loader.ts'
import { AuditLog } from './audit/audit-log.ts'
import { AuditReader } from './audit/audit-reader.ts'
import { DataExportService } from './deletion/data-export.service.ts'
import { DeletionService } from './deletion/deletion.service.ts'
import { MailRequestService } from './mail/mail-request.service.ts'
import { SecondFactorService } from './mfa/second-factor.service.ts'
import { createTotpLoader, type TotpLoader } from './mfa/totp.loader.ts'
import { PasswordResetService } from './password/password-reset.service.ts'
import { createSessionLoader, type SessionLoader } from './session/session.loader.ts'
import { SessionService } from './session/session.service.ts'
import { SessionRefreshService } from './session/session-refresh.service.ts'
import { TokenIntrospectionService } from './session/token-introspection.service.ts'
import type { SharedParts } from './shared-parts.ts'

/** What resolvers work with; made anew for each operation. */
export interface AuthContext {
  readonly caller: Caller
  readonly accounts: AccountService
  readonly signUps: SignUpService
  readonly signIns: SignInService
  readonly emailVerification: EmailVerificationService
  readonly passwordReset: PasswordResetService
  readonly secondFactor: SecondFactorService
  readonly sessions: SessionService
  readonly refreshing: SessionRefreshService
  readonly introspection: TokenIntrospectionService
  readonly directory: UserDirectory
  readonly administration: AdministrationService
  readonly auditReader: AuditReader
  readonly deletion: DeletionService
  readonly dataExport: DataExportService
  readonly loaders: { readonly users: UserLoader; readonly sessions: SessionLoader; readonly totp: TotpLoader }
}

/** The context of one operation, on an entity manager of its own. */
export function createAuthContext(shared: SharedParts, caller: Caller): AuthContext {
  const em = shared.em.fork()
  const audit = new AuditLog(caller, shared.now)
  const parts = { ...shared, em, audit, caller }
  const secondFactor = new SecondFactorService(parts)
  const signIns = new SignInService({ ...parts, secondFactor })
  const mailRequests = new MailRequestService(parts)
  return {
    caller,
    accounts: new AccountService({ ...parts, signIns }),
    signUps: new SignUpService(parts),
    signIns,
    emailVerification: new EmailVerificationService({ ...parts, mailRequests }),
    passwordReset: new PasswordResetService({ ...parts, secondFactor, mailRequests }),
    secondFactor,
    sessions: new SessionService(parts),
    refreshing: new SessionRefreshService(parts),
    introspection: new TokenIntrospectionService(parts),
    directory: new UserDirectory(parts),
    administration: new AdministrationService(parts),
    auditReader: new AuditReader(parts),
    deletion: new DeletionService({ ...parts, signIns }),
    dataExport: new DataExportService(parts),
    loaders: {
      users: createUserLoader(em),
      sessions: createSessionLoader(em, shared.now),
      totp: createTotpLoader(em),
    },
  }
}
