import {
  type DirectiveNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'
import { BadUserInputError } from '../../../platform/errors.ts'

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/** A value of each variable that decides what an operation's `@skip` and `@include` leave out. */
export interface Assignment {
  /** Equal for equal values. */
  readonly key: string
  /** Whether a selection with these directives is part of the operation (GraphQL specification §3.13.1, §3.13.2). */
  includes(directives: readonly DirectiveNode[] | undefined): boolean
}

/** What the `@skip` and `@include` of an operation depend on. */
export class Conditions {
  readonly #names: readonly string[]
  readonly #defaults = new Map<string, unknown>()
  readonly #only: Assignment | undefined

  constructor(operation: OperationDefinitionNode, fragments: Fragments) {
    this.#names = [...namesIn(operation.selectionSet, fragments)].sort()
    for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
      if (defaultValue?.kind === Kind.BOOLEAN) this.#defaults.set(variable.name.value, defaultValue.value)
    }
    if (this.#names.length === 0) this.#only = new BooleanAssignment('', new Map())
  }

  /**
   * @param variables as the client sent them.
   * @throws BadUserInputError when one that decides is neither true nor false, which a default alone allows.
   */
  assignment(variables: Readonly<Record<string, unknown>>): Assignment {
    return this.#only ?? this.#assign(variables)
  }

  #assign(variables: Readonly<Record<string, unknown>>): Assignment {
    const values = new Map<string, boolean>()
    let key = ''
    for (const name of this.#names) {
      const given = Object.hasOwn(variables, name) ? variables[name] : undefined
      const value = given === undefined ? this.#defaults.get(name) : given
      if (typeof value !== 'boolean') {
        throw new BadUserInputError(`The variable "$${name}" decides about @skip or @include: give true or false.`)
      }
      values.set(name, value)
      key += value ? '1' : '0'
    }
    return new BooleanAssignment(key, values)
  }
}

class BooleanAssignment implements Assignment {
  readonly key: string
  readonly #values: ReadonlyMap<string, boolean>

  constructor(key: string, values: ReadonlyMap<string, boolean>) {
    this.key = key
    this.#values = values
  }

  includes(directives: readonly DirectiveNode[] = []): boolean {
    return directives.every((directive) => {
      const condition = conditionOf(directive)
      return !condition || this.#isTrue(condition) === (directive.name.value === 'include')
    })
  }

  #isTrue(condition: ValueNode): boolean {
    if (condition.kind === Kind.VARIABLE) return this.#values.get(condition.name.value) === true
    return condition.kind === Kind.BOOLEAN && condition.value
  }
}

/** The argument of a `@skip` or an `@include`; undefined for other directives. */
function conditionOf({ name, arguments: given }: DirectiveNode): ValueNode | undefined {
  if (name.value !== 'skip' && name.value !== 'include') return undefined
  return given?.find((argument) => argument.name.value === 'if')?.value
}

function namesIn(selectionSet: SelectionSetNode, fragments: Fragments): Set<string> {
  const names = new Set<string>()
  const seen = new Set<string>()
  const addFrom = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      for (const directive of selection.directives ?? []) {
        const condition = conditionOf(directive)
        if (condition?.kind === Kind.VARIABLE) names.add(condition.name.value)
      }
      if (selection.kind !== Kind.FRAGMENT_SPREAD) {
        if (selection.selectionSet) addFrom(selection.selectionSet)
        continue
      }
      const fragment = seen.has(selection.name.value) ? undefined : fragments.get(selection.name.value)
      seen.add(selection.name.value)
      if (fragment) addFrom(fragment.selectionSet)
    }
  }
  addFrom(selectionSet)
  return names
}
