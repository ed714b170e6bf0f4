import {
  type GraphQLCompositeType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isCompositeType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { type Introspection, isIntrospection } from '../introspection.ts'
import { CompositeShape, type ShapeResolver } from './composite-shape.ts'
import { DeferredFragment, DeferringObjectShape } from './deferred-fragment.ts'
import { DeniedObjectShape, DeniedShape } from './denied-shapes.ts'
import { LeafShape } from './leaf-shape.ts'
import { ListShape } from './list-shape.ts'
import { IntrospectionShape, TypenameShape, UnknownTypenameShape } from './meta-shapes.ts'
import { ObjectShape, type ShapedField } from './object-shape.ts'
import {
  collectSelections,
  type DeferredSelections,
  includes,
  type OperationPart,
  type SelectedField,
  type SelectionsOfType,
} from './selected-fields.ts'
import type { Place, ValueShape } from './value-shape.ts'

/** Objects of one type, of which the same is selected. */
interface Parent {
  /** Their type; abstract where nothing says more. */
  readonly type: GraphQLCompositeType
  /** What faults call it, outside of fragments. */
  readonly name: string
}

/** Compiles selections to shapes; those of objects when the first object of their type is met. */
export class ShapeCompiler {
  readonly #part: OperationPart
  readonly #introspection: Introspection

  constructor(part: OperationPart, introspection: Introspection) {
    this.#part = part
    this.#introspection = introspection
  }

  /** The shape of objects of a type. */
  objectShape(selections: readonly SelectionsOfType[], parent: Parent): ObjectShape {
    const fields: ShapedField[] = []
    const collected = collectSelections(this.#part, selections, parent.type)
    for (const [responseName, selected] of collected.fields) {
      const value = this.#fieldValue(responseName, selected, parent)
      if (value) fields.push({ responseName, value })
    }
    if (collected.deferred.length === 0) return new ObjectShape(fields)
    const deferred = collected.deferred.map(
      (it) => new DeferredFragment(it.number, (typename) => this.#deferredShape(it, parent, typename)),
    )
    return new DeferringObjectShape(fields, deferred)
  }

  /** @param typename what the data say by now: the type of the object may have been fetched with what is deferred. */
  #deferredShape(
    { isOfAll, selections }: DeferredSelections,
    parent: Parent,
    typename: string | undefined,
  ): ObjectShape {
    const { schema, denials } = this.#part
    const told = isObjectType(parent.type) || typename === undefined ? undefined : schema.getType(typename)
    const runtime = isObjectType(told) ? { type: told, name: told.name } : parent
    if (denials?.deniesObjectsOf(runtime.type.name)) return new DeniedObjectShape()
    return isOfAll || includes(schema, selections.type, runtime.type)
      ? this.objectShape([selections], runtime)
      : new ObjectShape([])
  }

  /** Undefined for a field that does not exist, which a valid operation has none of. */
  #fieldValue(responseName: string, selected: readonly SelectedField[], parent: Parent): ValueShape | undefined {
    const [first] = selected
    if (!first) return undefined
    const { value: name } = first.node.name
    if (name === '__typename') return this.#typename(parent.type)
    const nodes = selected.map(({ node }) => node)
    if (isIntrospection(name)) return new IntrospectionShape(this.#introspection, nodes)
    const type = fieldType(first.parent, name)
    if (!type) return undefined
    if (this.#isDenied(name, selected, parent.type)) return new DeniedShape(isNonNullType(type))
    const parentName = first.isInFragment ? first.parent.name : parent.name
    return this.#value(type, this.#resolver(selected, parent.type, type), () => `field ${parentName}.${responseName}`)
  }

  /** Also when it is so in one of several selections that are merged: what is below them would not be whole. */
  #isDenied(name: string, selected: readonly SelectedField[], type: GraphQLCompositeType): boolean {
    const { denials } = this.#part
    return denials !== undefined && selected.some(({ parent }) => denials.deniesField(parent.name, type.name, name))
  }

  #typename(type: GraphQLCompositeType): ValueShape {
    if (isObjectType(type)) return new TypenameShape(type.name)
    return new UnknownTypenameShape((name) => isObjectType(this.#part.schema.getType(name)))
  }

  #value(type: GraphQLOutputType, resolve: ShapeResolver, place: Place): ValueShape {
    const isNonNull = isNonNullType(type)
    const nullable = getNullableType(type)
    if (isLeafType(nullable)) return new LeafShape(nullable, isNonNull, place)
    if (!isListType(nullable)) return new CompositeShape(nullable.name, resolve, isNonNull, place)
    const { ofType } = nullable
    const elementType = String(getNullableType(ofType))
    const element = this.#value(ofType, resolve, (index) => `array element of type ${elementType} at index ${index}`)
    return new ListShape(String(nullable), element, isNonNull, place)
  }

  #resolver(
    selected: readonly SelectedField[],
    parent: GraphQLCompositeType,
    declared: GraphQLOutputType,
  ): ShapeResolver {
    const selections = selected.flatMap((field) => subselections(field))
    return (typename) => {
      const untold = () => inferredType(parent, selected) ?? getNamedType(declared)
      const type = typename === undefined ? untold() : this.#part.schema.getType(typename)
      if (!isCompositeType(type)) return undefined
      if (this.#part.denials?.deniesObjectsOf(type.name)) return new DeniedObjectShape()
      return this.objectShape(selections, { type, name: typename ?? getNamedType(declared).name })
    }
  }
}

function fieldType(parent: GraphQLCompositeType, name: string): GraphQLOutputType | undefined {
  return isUnionType(parent) ? undefined : parent.getFields()[name]?.type
}

function subselections({ node, parent }: SelectedField): SelectionsOfType[] {
  const type = getNamedType(fieldType(parent, node.name.value))
  return node.selectionSet && isCompositeType(type) ? [{ selectionSet: node.selectionSet, type }] : []
}

/**
 * What the objects of a field are when they do not say it themselves, as subgraphs are not asked for it where they
 * declare an object type. The type of the parent object may declare one in the place of its interface's abstract type.
 */
function inferredType(
  parent: GraphQLCompositeType,
  [first]: readonly SelectedField[],
): GraphQLCompositeType | undefined {
  const type = first && getNamedType(fieldType(parent, first.node.name.value))
  return isObjectType(type) ? type : undefined
}
