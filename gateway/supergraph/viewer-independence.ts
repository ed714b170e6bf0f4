import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type NamedTypeNode,
  parse,
  type SelectionSetNode,
  type TypeNode,
} from 'graphql'
import { fragmentsOf } from '../fragments-of.ts'

/** The specification that `@viewerIndependent` belongs to, as `@link` names it, in any version 1. */
const DELIVERY = /^https:\/\/parley\.example\/delivery\/v1\.\d+$/

const DIRECTIVE = '@viewerIndependent'

/** How a gateway asks for entities; their fields are under fragments that name the type. */
const ENTITIES = '_entities'

interface FieldFacts {
  readonly type: string
  readonly isMarked: boolean
}

interface TypeFacts {
  readonly fields: ReadonlyMap<string, FieldFacts>
  /** The objects of an interface; undefined for other types. */
  readonly objects?: readonly string[]
}

/**
 * A field is viewer-independent when whoever may see its object gets the same value: `__typename`, a field that is
 * marked `@viewerIndependent`, every field of an object that is, and a field of an interface that is marked itself or
 * viewer-independent on every object of it. What is not known to be so is taken not to be. What a subgraph says by the
 * directive it says of itself; platform/subgraph/viewer-independence.ts reads it there.
 *
 * Here it counts for a field that only one subgraph has, and on an object that only one subgraph has: the supergraph
 * does not tell which of several has written it, and none can speak for another one's answers. Key fields, which a
 * subgraph takes for viewer-independent unmarked, are not here: each subgraph with that key has them.
 */
export class ViewerIndependence {
  readonly #types: ReadonlyMap<string, TypeFacts>

  /** @param sdl of a supergraph. */
  constructor(sdl: string) {
    const document = parse(sdl, { noLocation: true })
    const name = nameOfDirective(document)
    this.#types = name === undefined ? new Map() : readTypes(document, name)
  }

  /** Whether that holds for every field that an operation selects, however deep. */
  covers(operation: DocumentNode): boolean {
    const fragments = fragmentsOf(operation)
    return operation.definitions.every(
      (definition) =>
        definition.kind !== Kind.OPERATION_DEFINITION ||
        this.#coversSelections(definition.selectionSet, rootOf(definition.operation), fragments),
    )
  }

  #coversSelections(
    { selections }: SelectionSetNode,
    type: string,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ): boolean {
    return selections.every((selection) => {
      if (selection.kind === Kind.FIELD) return this.#coversField(selection, type, fragments)
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
      if (!fragment) return false
      return this.#coversSelections(fragment.selectionSet, fragment.typeCondition?.name.value ?? type, fragments)
    })
  }

  #coversField(
    { name, selectionSet }: FieldNode,
    type: string,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ): boolean {
    if (name.value === '__typename') return true
    const isEntities = name.value === ENTITIES && type === 'Query'
    const result = isEntities ? '_Entity' : this.#types.get(type)?.fields.get(name.value)?.type
    if (result === undefined || !(isEntities || this.#isIndependent(type, name.value))) return false
    return !selectionSet || this.#coversSelections(selectionSet, result, fragments)
  }

  #isIndependent(type: string, field: string): boolean {
    const { fields, objects } = this.#types.get(type) ?? {}
    if (fields?.get(field)?.isMarked) return true
    if (!objects || objects.length === 0) return false
    return objects.every((object) => this.#types.get(object)?.fields.get(field)?.isMarked)
  }
}

/** A supergraph joins root types under their default names. */
function rootOf(operation: string): string {
  return operation.charAt(0).toUpperCase() + operation.slice(1)
}

/** What the supergraph calls the directive; undefined when it does not import it. */
function nameOfDirective(document: DocumentNode): string | undefined {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue
    for (const directive of definition.directives ?? []) {
      if (directive.name.value !== 'link' || !DELIVERY.test(textOf(argumentOf(directive, 'url')) ?? '')) continue
      const name = importedName(argumentOf(directive, 'import'))
      if (name !== undefined) return name
    }
  }
  return undefined
}

/** Each import is a name, or an object of `name` and, when it is called otherwise here, `as`. */
function importedName(imports: ConstValueNode | undefined): string | undefined {
  for (const imported of imports?.kind === Kind.LIST ? imports.values : []) {
    const [name, as] = imported.kind === Kind.OBJECT ? [entry(imported, 'name'), entry(imported, 'as')] : [imported]
    if (textOf(name) === DIRECTIVE) return (textOf(as) ?? DIRECTIVE).slice(1)
  }
  return undefined
}

function entry({ fields }: ConstValueNode & { kind: Kind.OBJECT }, name: string): ConstValueNode | undefined {
  return fields.find((field) => field.name.value === name)?.value
}

function argumentOf(directive: ConstDirectiveNode, name: string): ConstValueNode | undefined {
  return directive.arguments?.find((argument) => argument.name.value === name)?.value
}

function textOf(value: ConstValueNode | undefined): string | undefined {
  return value?.kind === Kind.STRING ? value.value : undefined
}

function readTypes(document: DocumentNode, directive: string): ReadonlyMap<string, TypeFacts> {
  const types = new Map<string, TypeFacts>()
  const objectsOf = new Map<string, string[]>()
  for (const definition of document.definitions) {
    const isObject = definition.kind === Kind.OBJECT_TYPE_DEFINITION
    if (!isObject && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue
    const { name, directives = [], fields = [], interfaces = [] } = definition
    const isOfOne = graphsOf(directives, 'join__type').size === 1
    const mark = { directive, isOfOne, isOnType: isObject && isOfOne && has(directives, directive) }
    const objects = isObject ? undefined : objectsIn(objectsOf, name.value)
    types.set(name.value, { fields: readFields(fields, mark), ...(objects && { objects }) })
    if (isObject) for (const type of interfaces) objectsIn(objectsOf, type.name.value).push(name.value)
  }
  return types
}

function objectsIn(objectsOf: Map<string, string[]>, type: string): string[] {
  const objects = objectsOf.get(type) ?? []
  objectsOf.set(type, objects)
  return objects
}

function readFields(
  fields: readonly FieldDefinitionNode[],
  type: { readonly directive: string; readonly isOfOne: boolean; readonly isOnType: boolean },
): ReadonlyMap<string, FieldFacts> {
  return new Map(
    fields.map((field) => {
      const { directives = [] } = field
      // A field that names no subgraph is of all that its type is of.
      const { size } = graphsOf(directives, 'join__field')
      const isOfOne = size === 1 || (size === 0 && type.isOfOne)
      const isMarked = type.isOnType || (isOfOne && has(directives, type.directive))
      return [field.name.value, { type: namedType(field.type).name.value, isMarked }]
    }),
  )
}

/** The subgraphs that a type or field is of; a type that has several keys in one names it as often. */
function graphsOf(directives: readonly ConstDirectiveNode[], join: 'join__type' | 'join__field'): ReadonlySet<string> {
  const graphs = directives.filter(({ name }) => name.value === join).map((directive) => argumentOf(directive, 'graph'))
  return new Set(graphs.map((graph) => (graph?.kind === Kind.ENUM ? graph.value : '')))
}

function has(directives: readonly ConstDirectiveNode[], name: string): boolean {
  return directives.some((directive) => directive.name.value === name)
}

function namedType(type: TypeNode): NamedTypeNode {
  return type.kind === Kind.NAMED_TYPE ? type : namedType(type.type)
}
