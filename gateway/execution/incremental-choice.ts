import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql'

/** Which of the fragments that an operation marks with `@defer` are deferred. */
export interface DeferChoice {
  /** Equal for equal choices of one document. */
  readonly key: string
  isDeferred(directive: DirectiveNode): boolean
}

/** None is: the answer comes in one piece. */
export const DEFER_NOTHING: DeferChoice = { key: '', isDeferred: () => false }

/** What `@defer` in a document depends on. */
interface DeferUse {
  readonly always: boolean
  /** The variables that decide. */
  readonly variables: readonly string[]
}

const uses = new WeakMap<DocumentNode, DeferUse>()

/** Whether anything in a document is marked with `@defer`. */
export function usesDefer(document: DocumentNode): boolean {
  const { always, variables } = useIn(document)
  return always || variables.length > 0
}

/**
 * What is deferred with these variables: all that is marked, but for where the condition is false.
 *
 * @param operation one of the document.
 * @param variables as the client sent them.
 */
export function deferChoice(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): DeferChoice {
  const { always, variables: names } = useIn(document)
  const chosen = new Set(names.filter((name) => isTrue(name, operation, variables)))
  if (!always && chosen.size === 0) return DEFER_NOTHING
  const key = `@defer${names.map((name) => (chosen.has(name) ? '1' : '0')).join('')}`
  return {
    key,
    isDeferred: (directive) => {
      const condition = conditionOf(directive)?.value
      return condition?.kind === Kind.VARIABLE ? chosen.has(condition.name.value) : isAlways(directive)
    },
  }
}

function useIn(document: DocumentNode): DeferUse {
  const known = uses.get(document)
  if (known) return known
  let always = false
  const variables = new Set<string>()
  visit(document, {
    Directive: (directive) => {
      if (directive.name.value !== 'defer') return
      const condition = conditionOf(directive)?.value
      if (condition?.kind === Kind.VARIABLE) variables.add(condition.name.value)
      else if (isAlways(directive)) always = true
    },
  })
  const use = { always, variables: [...variables] }
  uses.set(document, use)
  return use
}

/** The argument's default is true, so that a variable that may be absent is true then. */
function isTrue(
  name: string,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): boolean {
  const given = Object.hasOwn(variables, name) ? variables[name] : undefined
  if (given !== undefined) return given === true
  const fallback = variableDefinitions.find(({ variable }) => variable.name.value === name)?.defaultValue
  return fallback === undefined || (fallback.kind === Kind.BOOLEAN && fallback.value)
}

function isAlways(directive: DirectiveNode): boolean {
  const condition = conditionOf(directive)?.value
  return condition === undefined || (condition.kind === Kind.BOOLEAN && condition.value)
}

function conditionOf(directive: DirectiveNode): ArgumentNode | undefined {
  return deferArgument(directive, 'if')
}

/** An argument of a `@defer`. */
export function deferArgument(directive: DirectiveNode, name: string): ArgumentNode | undefined {
  return directive.arguments?.find((it) => it.name.value === name)
}
