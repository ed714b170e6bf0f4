import type { MikroORM } from '@mikro-orm/postgresql'
import { openDatabase } from '../../platform/database.ts'
import type { Logger } from '../../platform/logging.ts'
import { User } from './account/user.entity.ts'
import { PeopleAndSessions } from './migrations/001-people-and-sessions.ts'
import { EndedSessionsIndex } from './migrations/002-ended-sessions.ts'
import { Password } from './password/password.entity.ts'
import { Session } from './session/session.entity.ts'

/** Opens the Postgres schema `auth`, migrated to the newest version. */
export function openAuthDatabase(options: { url: string; logger: Logger }): Promise<MikroORM> {
  return openDatabase({
    ...options,
    schema: 'auth',
    entities: [User, Password, Session],
    migrations: [
      { name: '001-people-and-sessions', class: PeopleAndSessions },
      { name: '002-ended-sessions', class: EndedSessionsIndex },
    ],
  })
}
