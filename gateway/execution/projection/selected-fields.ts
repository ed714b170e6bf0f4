import {
  doTypesOverlap,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type InlineFragmentNode,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql'
import type { Denials } from '../../authorization/denials.ts'
import type { Assignment } from './conditions.ts'
import { deferredNumber } from './deferred-fragment.ts'

/** What an operation and its schema say, under one assignment of the variables of its conditions. */
export interface OperationPart {
  /** What clients see. */
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly assignment: Assignment
  /** What the viewer may not see; undefined when that is nothing. */
  readonly denials: Denials | undefined
}

/** Selections of a type's fields. */
export interface SelectionsOfType {
  readonly selectionSet: SelectionSetNode
  /** What they are written for: it says which fields there are, and of what type. */
  readonly type: GraphQLCompositeType
}

/** One time that a field is selected. */
export interface SelectedField {
  readonly node: FieldNode
  /** What it is written for: where it is declared, however the type of its object declares it again. */
  readonly parent: GraphQLCompositeType
  /** Whether a fragment says what it is written for. */
  readonly isInFragment: boolean
}

/**
 * The fields that are selected of objects of one type, by response name and in the order of the answer (GraphQL
 * specification §6.3.2).
 *
 * @param runtime the type of the objects; abstract where nothing says more.
 */
export function selectedFields(
  part: OperationPart,
  selections: readonly SelectionsOfType[],
  runtime: GraphQLCompositeType,
): ReadonlyMap<string, readonly SelectedField[]> {
  return collectSelections(part, selections, runtime).fields
}

/** A fragment that is deferred: it is none of the fields. */
export interface DeferredSelections {
  /** Of the `@defer`. */
  readonly number: string
  /** Whether it has no condition on the type of its objects. */
  readonly isOfAll: boolean
  readonly selections: SelectionsOfType
}

/** The same, and what is deferred, in the order of the operation. */
export function collectSelections(
  part: OperationPart,
  selections: readonly SelectionsOfType[],
  runtime: GraphQLCompositeType,
): {
  readonly fields: ReadonlyMap<string, readonly SelectedField[]>
  readonly deferred: readonly DeferredSelections[]
} {
  const collector = new FieldCollector(part, runtime)
  for (const { selectionSet, type } of selections) collector.addFrom(selectionSet, type, false)
  return collector
}

class FieldCollector {
  readonly fields = new Map<string, SelectedField[]>()
  readonly deferred: DeferredSelections[] = []
  readonly #part: OperationPart
  readonly #runtime: GraphQLCompositeType
  readonly #spread = new Set<string>()

  constructor(part: OperationPart, runtime: GraphQLCompositeType) {
    this.#part = part
    this.#runtime = runtime
  }

  addFrom({ selections }: SelectionSetNode, parent: GraphQLCompositeType, isInFragment: boolean): void {
    for (const selection of selections) {
      if (!this.#part.assignment.includes(selection.directives)) continue
      if (selection.kind === Kind.FIELD) this.#addField({ node: selection, parent, isInFragment })
      else this.#addFragment(selection, parent, isInFragment)
    }
  }

  #addField(field: SelectedField): void {
    const responseName = (field.node.alias ?? field.node.name).value
    const same = this.fields.get(responseName)
    if (same) same.push(field)
    else this.fields.set(responseName, [field])
  }

  #addFragment(
    selection: FragmentSpreadNode | InlineFragmentNode,
    parent: GraphQLCompositeType,
    isInFragment: boolean,
  ): void {
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? this.#spreadOnce(selection.name.value) : selection
    if (!fragment) return
    const { typeCondition, selectionSet } = fragment
    const { schema } = this.#part
    const condition = typeCondition && schema.getType(typeCondition.name.value)
    const type = typeCondition ? condition : parent
    if (!isCompositeType(type)) return
    const number = deferredNumber(selection.directives)
    if (typeCondition && !(number === undefined ? includes : mayInclude)(schema, type, this.#runtime)) return
    if (number !== undefined)
      this.deferred.push({ number, isOfAll: !typeCondition, selections: { selectionSet, type } })
    else this.addFrom(selectionSet, type, isInFragment || typeCondition !== undefined)
  }

  /** Undefined the second time: what is in it is here already. */
  #spreadOnce(name: string): FragmentDefinitionNode | undefined {
    if (this.#spread.has(name)) return undefined
    this.#spread.add(name)
    return this.#part.fragments.get(name)
  }
}

/** What is deferred may have been fetched before the type of its object, of which only the interface is known then. */
function mayInclude(schema: GraphQLSchema, condition: GraphQLCompositeType, runtime: GraphQLCompositeType): boolean {
  return isObjectType(runtime) ? includes(schema, condition, runtime) : doTypesOverlap(schema, condition, runtime)
}

/** Whether what is selected of a type is selected of objects of another one. */
export function includes(
  schema: GraphQLSchema,
  condition: GraphQLCompositeType,
  runtime: GraphQLCompositeType,
): boolean {
  if (condition === runtime) return true
  if (!isAbstractType(condition) || !(isObjectType(runtime) || isInterfaceType(runtime))) return false
  return schema.isSubType(condition, runtime)
}
