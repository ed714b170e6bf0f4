import {
  type ASTNode,
  type ASTVisitor,
  type DirectiveNode,
  GraphQLError,
  Kind,
  type ValidationContext,
  type ValidationRule,
  visit,
} from 'graphql'

/**
 * What the specification's draft wants of `@defer`, beside what holds for every directive; graphql-js has these rules
 * from version 17 on.
 *
 * @see https://github.com/graphql/graphql-spec/pull/1110 §5.7.4 to §5.7.6
 */
export const DEFER_RULES: readonly ValidationRule[] = [deferInQueries, deferBelowMutations, uniqueDeferLabels]

/** A subscription defers nothing, unless a condition may be false. */
function deferInQueries(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition: (operation) => {
      if (operation.operation !== 'subscription') return
      for (const node of [operation, ...context.getRecursivelyReferencedFragments(operation)]) {
        for (const directive of defersIn(node)) {
          if (conditionOf(directive) !== undefined) continue
          report(context, '@defer is for queries and mutations: leave it out of subscriptions.', directive)
        }
      }
    },
  }
}

/** A mutation runs all of its root fields, and in their order. */
function deferBelowMutations(context: ValidationContext): ASTVisitor {
  return {
    Directive: (directive) => {
      const root = context.getSchema().getMutationType()
      if (!isDefer(directive) || !root || context.getParentType() !== root) return
      report(context, 'The root fields of a mutation cannot be deferred; @defer what they return.', directive)
    },
  }
}

/** A part is known by its label. */
function uniqueDeferLabels(context: ValidationContext): ASTVisitor {
  const labels = new Set<string>()
  return {
    Directive: (directive) => {
      if (!isDefer(directive)) return
      const label = directive.arguments?.find(({ name }) => name.value === 'label')?.value
      if (!label || label.kind === Kind.NULL) return
      if (label.kind !== Kind.STRING)
        report(context, 'The label of @defer must be written out, not be a variable.', directive)
      else if (labels.has(label.value)) report(context, 'Each @defer must have a label of its own, or none.', directive)
      else labels.add(label.value)
    },
  }
}

function defersIn(node: ASTNode): DirectiveNode[] {
  const found: DirectiveNode[] = []
  visit(node, {
    Directive: (directive) => {
      if (isDefer(directive)) found.push(directive)
    },
  })
  return found
}

function isDefer({ name }: DirectiveNode): boolean {
  return name.value === 'defer'
}

/** Undefined when it is true for certain. */
function conditionOf(directive: DirectiveNode) {
  const condition = directive.arguments?.find(({ name }) => name.value === 'if')?.value
  return condition?.kind === Kind.BOOLEAN && condition.value ? undefined : condition
}

function report(context: ValidationContext, message: string, node: ASTNode): void {
  context.reportError(new GraphQLError(message, { nodes: node }))
}
