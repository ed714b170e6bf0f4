import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { type GraphQLSchema, parse } from 'graphql'
import { cursorScalar, dateTimeScalar, urlScalar } from '../../platform/scalars.ts'
import { accountMutations, accountQueries, userFields } from './account/account.resolvers.ts'
import { administrationMutations } from './account/administration.resolvers.ts'
import { directoryQueries, userConnectionFields } from './account/directory.resolvers.ts'
import { emailVerificationMutations } from './account/email-verification.resolvers.ts'
import { auditEventFields, auditQueries } from './audit/audit.resolvers.ts'
import { deletionMutations, deletionQueries } from './deletion/deletion.resolvers.ts'
import { secondFactorMutations } from './mfa/second-factor.resolvers.ts'
import { passwordResetMutations } from './password/password-reset.resolvers.ts'
import type { Resolvers } from './resolvers.generated.ts'
import { roleQueries } from './role/role.resolvers.ts'
import { sessionFields, sessionMutations, sessionQueries } from './session/session.resolvers.ts'

const SDL = new URL('../../schema/auth.graphql', import.meta.url)

const resolvers = {
  Cursor: cursorScalar,
  DateTime: dateTimeScalar,
  URL: urlScalar,
  Query: {
    ...accountQueries,
    ...directoryQueries,
    ...roleQueries,
    ...sessionQueries,
    ...auditQueries,
    ...deletionQueries,
  },
  Mutation: {
    ...accountMutations,
    ...emailVerificationMutations,
    ...deletionMutations,
    ...passwordResetMutations,
    ...secondFactorMutations,
    ...sessionMutations,
    ...administrationMutations,
  },
  User: userFields,
  Session: sessionFields,
  UserConnection: userConnectionFields,
  AuditEvent: auditEventFields,
} satisfies Resolvers

/** The subgraph's schema: the contract in `schema/auth.graphql`, with every feature's resolvers. */
export function createAuthSchema(): GraphQLSchema {
  return buildSubgraphSchema([{ typeDefs: parse(readFileSync(SDL, 'utf8')), resolvers }])
}
