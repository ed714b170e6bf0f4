import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isInterfaceType,
  isObjectType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import { LimitExceededError } from '../protection/limit-exceeded-error.ts'
import type { Denials } from './denials.ts'
import { expandedSize } from './expanded-size.ts'
import { prunedDocument } from './pruned-document.ts'

/**
 * What is written once of an interface is written for each of its allowed objects, and so on below: more selections than
 * this take too long to plan. A client has the same limit for its own.
 */
const MAX_SELECTIONS = 10_000

/**
 * What is left of a valid operation without what is denied: a document of that operation alone, valid again. Fields of
 * an interface that are denied on some of its objects only are asked for of the others. Where nothing is left of what is
 * selected of an object, its `__typename` is: whether it is there, and how many there are, the client may know.
 *
 * @param schema what clients see.
 * @returns undefined when nothing is left that is to be fetched.
 * @throws LimitExceededError when that comes to too many selections.
 */
export function filterOperation(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  denials: Denials,
): DocumentNode | undefined {
  const filter = new OperationFilter(schema, fragments, denials)
  const rootType = schema.getRootType(operation.operation)
  const selections = filter.selections(operation.selectionSet.selections, rootType?.name ?? '')
  if (selections.length === 0) return undefined
  const selectionSet = setOf(selections)
  if (expandedSize(selectionSet, filter.fragments) > MAX_SELECTIONS) throw new FilteredOperationTooLargeError()
  return prunedDocument({ ...operation, selectionSet }, filter.fragments)
}

class FilteredOperationTooLargeError extends LimitExceededError {
  constructor() {
    super(
      'planning',
      `Without what you may not see, the operation has more than ${MAX_SELECTIONS} selections; ` +
        'ask for fields of interfaces in fragments on the objects that you may see.',
    )
  }
}

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

class OperationFilter {
  /** What is left of the fragments that were met; those of which nothing is are not here. */
  readonly fragments = new Map<string, FragmentDefinitionNode>()
  readonly #schema: GraphQLSchema
  readonly #given: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #denials: Denials
  readonly #met = new Set<string>()

  constructor(schema: GraphQLSchema, given: ReadonlyMap<string, FragmentDefinitionNode>, denials: Denials) {
    this.#schema = schema
    this.#given = given
    this.#denials = denials
  }

  /** What is left of selections of a type. */
  selections(selections: readonly SelectionNode[], parent: string): readonly SelectionNode[] {
    const left: SelectionNode[] = []
    const ofSome = new Map<string, FieldNode[]>()
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) this.#addField(selection, parent, left, ofSome)
      else if (selection.kind === Kind.INLINE_FRAGMENT) left.push(...this.#inlineFragment(selection, parent))
      else if (this.#isLeftOf(selection.name.value)) left.push(selection)
    }
    for (const fields of ofSome.values())
      left.push(...this.#onlyOn(this.#allowedObjects(parent, fields), parent, fields))
    return left
  }

  /** @param ofSome the fields that are allowed on some of the parent's objects only, by which these are. */
  #addField(field: FieldNode, parent: string, left: SelectionNode[], ofSome: Map<string, FieldNode[]>): void {
    if (this.#denials.deniesField(parent, parent, field.name.value)) return
    const filtered = this.#field(field, parent)
    const allowed = this.#allowedObjects(parent, [field])
    if (allowed.length === this.#denials.objectsOf(parent).length) {
      left.push(filtered)
      return
    }
    const key = allowed.join(' ')
    const same = ofSome.get(key)
    if (same) same.push(filtered)
    else ofSome.set(key, [filtered])
  }

  #field(field: FieldNode, parent: string): FieldNode {
    if (!field.selectionSet || field.name.value.startsWith('__')) return field
    const type = this.#schema.getType(parent)
    if (!isObjectType(type) && !isInterfaceType(type)) return field
    const returned = getNamedType(type.getFields()[field.name.value]?.type)
    if (!returned) return field
    const left = this.selections(field.selectionSet.selections, returned.name)
    return { ...field, selectionSet: setOf(left.length > 0 ? left : [TYPENAME]) }
  }

  /** The objects of a type on which a field, and with it those that share its rules, is allowed. */
  #allowedObjects(parent: string, [field]: readonly FieldNode[]): readonly string[] {
    const objects = this.#denials.objectsOf(parent)
    return field ? objects.filter((object) => !this.#denials.deniesField(parent, object, field.name.value)) : []
  }

  /** Selected of the interface also there, so that fields keep the types by which they can be merged with others. */
  #onlyOn(objects: readonly string[], parent: string, fields: readonly FieldNode[]): readonly SelectionNode[] {
    const selections = [fragmentOn(parent, fields)]
    return objects
      .filter((object) => this.#schema.getType(object) !== undefined)
      .map((object) => fragmentOn(object, selections))
  }

  #inlineFragment(fragment: InlineFragmentNode, parent: string): readonly SelectionNode[] {
    const type = fragment.typeCondition?.name.value ?? parent
    if (this.#denials.deniesObjectsOf(type)) return []
    const left = this.selections(fragment.selectionSet.selections, type)
    return left.length > 0 ? [{ ...fragment, selectionSet: setOf(left) }] : []
  }

  #isLeftOf(name: string): boolean {
    const fragment = this.#given.get(name)
    if (fragment && !this.#met.has(name)) {
      this.#met.add(name)
      const type = fragment.typeCondition.name.value
      const { selections } = fragment.selectionSet
      const left = this.#denials.deniesObjectsOf(type) ? [] : this.selections(selections, type)
      if (left.length > 0) this.fragments.set(name, { ...fragment, selectionSet: setOf(left) })
    }
    return this.fragments.has(name)
  }
}

function setOf(selections: readonly SelectionNode[]): SelectionSetNode {
  return { kind: Kind.SELECTION_SET, selections }
}

function fragmentOn(type: string, selections: readonly SelectionNode[]): InlineFragmentNode {
  const typeCondition: NamedTypeNode = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type } }
  return { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet: setOf(selections) }
}
