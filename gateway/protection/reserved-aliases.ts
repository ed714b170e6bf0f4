import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql'

const TYPENAME = '__typename'

/**
 * A validation rule: nothing else is called `__typename`. By that name the type of an object is told, here and by
 * clients, and names that begin with two underscores are GraphQL's own (specification §2.1.7).
 */
export function reservedAliases(context: ValidationContext): ASTVisitor {
  return {
    Field: ({ alias, name }) => {
      if (alias?.value !== TYPENAME || name.value === TYPENAME) return
      const message = `"${TYPENAME}" is the name of an object's type: give "${name.value}" another alias.`
      context.reportError(new GraphQLError(message, { nodes: alias }))
    },
  }
}
