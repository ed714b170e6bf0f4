import type { EntityManager } from '@mikro-orm/postgresql'
import { type GraphQLError, graphql } from 'graphql'
import type { Viewer } from '../../../platform/access-token.ts'
import { newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { newUser } from '../account/new-account.ts'
import { readAuthConfig } from '../config.ts'
import { createAuthContext } from '../context.ts'
import { openAuthDatabase } from '../database.ts'
import type { Role } from '../role/role.ts'
import { createAuthSchema } from '../schema.ts'
import { Session } from '../session/session.entity.ts'
import type { SharedParts } from '../shared-parts.ts'
import { newPerson, testEnvironment } from './auth-client.ts'

const DAY_MS = 86_400_000

/** The auth schema in this process, on a database of its own, without what writes: it tells what a query costs. */
export interface CountedReads extends AsyncDisposable {
  fork(): EntityManager
  /** A new user with an open session, who has these roles. */
  add(...roles: Role[]): Promise<Viewer>
  /** The answer to a query that must succeed, and the SQL statements it took to find out. */
  ask(viewer: Viewer, query: string): Promise<{ data: unknown; statements: string[] }>
  /** The same of one that may fail. */
  run(viewer: Viewer | null, query: string, variables?: Record<string, unknown>): Promise<CountedAnswer>
}

export interface CountedAnswer {
  readonly data: unknown
  readonly errors: readonly GraphQLError[] | undefined
  readonly statements: string[]
}

export async function openCountedReads(): Promise<CountedReads> {
  const database = await createTestDatabase()
  const statements: string[] = []
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  logger.debug = (statement: unknown) => void statements.push(String(statement))
  const orm = await openAuthDatabase({ url: database.url, logger })
  orm.config.set('debug', ['query'])
  const schema = createAuthSchema()
  const now = () => new Date()
  const shared = { config: readAuthConfig(testEnvironment(database.url)), now, em: orm.em } as SharedParts
  const run: CountedReads['run'] = async (viewer, source, variableValues) => {
    statements.length = 0
    const contextValue = createAuthContext(shared, {
      viewer,
      requestId: 'test',
      address: null,
      userAgent: null,
      resumed: false,
    })
    const { data, errors } = await graphql({ schema, source, variableValues, contextValue })
    return { data, errors, statements: [...statements] }
  }
  return {
    fork: () => orm.em.fork(),
    async add(...roles) {
      const em = orm.em.fork()
      const { email, username, displayName } = newPerson()
      const named = { email: { text: email, key: email }, username: { text: username, key: username }, displayName }
      const user = newUser(em, newUuid(), named, now())
      user.roles = roles
      const { id: sessionId, expiresAt } = em.create(Session, newSession(user.id, now()))
      await em.flush()
      return { userId: user.id, sessionId, tokenVersion: 0, scope: new Set(), expiresAt }
    },
    run,
    async ask(viewer, query) {
      const { errors, ...answer } = await run(viewer, query)
      if (errors) throw new Error(JSON.stringify(errors))
      return answer
    },
    async [Symbol.asyncDispose]() {
      await orm.close(true)
      await database[Symbol.asyncDispose]()
    },
  }
}

function newSession(user: string, openedAt: Date) {
  const expiresAt = new Date(openedAt.getTime() + DAY_MS)
  return {
    id: newUuid(),
    user,
    generation: 1,
    tokenDigest: Buffer.alloc(32),
    rotatedAt: openedAt,
    createdAt: openedAt,
    idleExpiresAt: expiresAt,
    expiresAt,
  }
}
