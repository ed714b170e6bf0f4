import type { EntityManager } from '@mikro-orm/postgresql'
import type { Caller } from '../../platform/subgraph/caller.ts'
import { AccountService } from './account/account.service.ts'
import { createUserLoader, type UserLoader } from './account/user.loader.ts'
import type { PasswordHasher } from './password/password-hasher.ts'
import { SessionService, type SessionSettings } from './session/session.service.ts'

/** What resolvers work with; made anew for each operation. */
export interface AuthContext {
  readonly caller: Caller
  readonly em: EntityManager
  readonly accounts: AccountService
  readonly sessions: SessionService
  readonly loaders: { readonly users: UserLoader }
}

/** What the contexts of all operations share. */
export interface SharedParts {
  readonly em: EntityManager
  readonly passwords: PasswordHasher
  readonly passwordMinLength: number
  readonly sessions: SessionSettings
}

/** The context of one operation, on an entity manager of its own. */
export function createAuthContext(shared: SharedParts, caller: Caller): AuthContext {
  const em = shared.em.fork()
  const { passwords, passwordMinLength, sessions: settings } = shared
  return {
    caller,
    em,
    accounts: new AccountService({ em, passwords, passwordMinLength, now: settings.now }),
    sessions: new SessionService({ em, caller, settings }),
    loaders: { users: createUserLoader(em) },
  }
}
