import { GraphQLError } from 'graphql'

const CODE = 'UNAUTHORIZED_FIELD_OR_TYPE'

/** The same words whether somebody is anonymous or lacks a scope: an error says nothing of the rule behind it. */
const MESSAGE = 'You may not see this: sign in with the rights for it, or leave it out.'

/** The error of what is denied at a path of an answer. */
export function unauthorizedError(path: readonly (string | number)[]): GraphQLError {
  return new GraphQLError(MESSAGE, { path, extensions: { code: CODE } })
}

/** Whether it is such an error of the gateway's own; what a subgraph says is not. */
export function isUnauthorizedError(error: unknown): boolean {
  return error instanceof GraphQLError && error.extensions.code === CODE
}
