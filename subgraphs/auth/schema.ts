import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { type GraphQLSchema, parse } from 'graphql'
import { dateTimeScalar } from '../../platform/scalars.ts'
import { accountMutations, accountQueries, userFields } from './account/account.resolvers.ts'
import type { Resolvers } from './resolvers.generated.ts'
import { sessionMutations } from './session/session.resolvers.ts'

const SDL = new URL('../../schema/auth.graphql', import.meta.url)

const resolvers = {
  DateTime: dateTimeScalar,
  Query: accountQueries,
  Mutation: { ...accountMutations, ...sessionMutations },
  User: userFields,
} satisfies Resolvers

/** The subgraph's schema: the contract in `schema/auth.graphql`, with every feature's resolvers. */
export function createAuthSchema(): GraphQLSchema {
  return buildSubgraphSchema([{ typeDefs: parse(readFileSync(SDL, 'utf8')), resolvers }])
}
