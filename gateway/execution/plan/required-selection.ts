import type { QueryPlanInlineFragmentNode, QueryPlanSelectionNode } from '@apollo/query-planner'
import { merge } from './merge.ts'
import { isJsonObject, type JsonObject, readOwn, writeOwn } from './own-property.ts'
import type { TypeConditions } from './type-conditions.ts'

/** Reads what a fetch requires out of data, each object by its own type. */
export class RequiredSelection {
  readonly #byType = new Map<string, TypedSelection>()
  /** Of an object whose type no type condition names. */
  readonly #ofOthers: TypedSelection

  constructor(selections: readonly QueryPlanSelectionNode[], conditions: TypeConditions) {
    this.#ofOthers = typedSelection(selections, undefined, conditions)
    for (const name of typesNamedIn(selections, conditions)) {
      this.#byType.set(name, typedSelection(selections, name, conditions))
    }
  }

  /**
   * The same for whole entities: they are required inside of a type condition, and one that lacks something is nothing
   * at all then, instead of an empty object.
   */
  static ofEntity(selections: readonly QueryPlanSelectionNode[], conditions: TypeConditions): RequiredSelection {
    const required = new RequiredSelection(selections, conditions)
    for (const [name, selection] of required.#byType) required.#byType.set(name, withoutCondition(selection))
    return required
  }

  /** What is required of an object of the same type as this one. */
  for({ __typename }: JsonObject): TypedSelection {
    return (typeof __typename === 'string' && this.#byType.get(__typename)) || this.#ofOthers
  }

  /** Lists are read element by element; null is what is null, and what is incomplete. */
  read(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((element) => this.read(element))
    return isJsonObject(value) ? this.for(value).read(value) : null
  }
}

/** What is required of objects of one type. */
export interface TypedSelection {
  /** The fields beside the type, when they are few and each is taken as it is: what most keys are. */
  readonly keys: readonly string[] | undefined
  /** A copy of what is required; null when something is missing. What is null in the data is not missing. */
  read(source: JsonObject): JsonObject | null
}

/** Entities that differ are told apart value by value; with more values than these, their text takes less. */
const MAX_KEYS = 4

/** Fields alone, none with a selection of its own. */
class FlatSelection implements TypedSelection {
  readonly keys: readonly string[] | undefined
  readonly #names: readonly string[]

  /** @param type undefined: of whatever type, so that the other fields alone cannot be the key. */
  constructor(names: readonly string[], type: string | undefined) {
    const keys = names.filter((name) => name !== '__typename')
    const isKey = keys.length > 0 && keys.length <= MAX_KEYS && keys.length < names.length
    this.keys = type !== undefined && isKey ? keys : undefined
    this.#names = names
  }

  read(source: JsonObject): JsonObject | null {
    const result: JsonObject = {}
    for (const name of this.#names) {
      const value = readOwn(source, name)
      if (value === undefined) return null
      writeOwn(result, name, value)
    }
    return result
  }
}

/** Anything else. What a fragment requires is in it altogether or not at all. */
class DeepSelection implements TypedSelection {
  readonly keys = undefined
  readonly parts: readonly (RequiredField | TypedSelection)[]

  constructor(parts: readonly (RequiredField | TypedSelection)[]) {
    this.parts = parts
  }

  read(source: JsonObject): JsonObject | null {
    const result: JsonObject = {}
    for (const part of this.parts) {
      if (!(part instanceof RequiredField)) merge(result, part.read(source) ?? {})
      else if (!part.addTo(result, source)) return null
    }
    return result
  }
}

class RequiredField {
  readonly name: string
  /** Undefined: a scalar, which is taken as it is. */
  readonly nested: RequiredSelection | undefined

  constructor(name: string, nested: RequiredSelection | undefined) {
    this.name = name
    this.nested = nested
  }

  /** @returns false when it is missing. */
  addTo(result: JsonObject, source: JsonObject): boolean {
    const value = readOwn(source, this.name)
    if (value === undefined) return false
    merge(result, { [this.name]: this.nested ? this.nested.read(value) : value })
    return true
  }
}

function typedSelection(
  selections: readonly QueryPlanSelectionNode[],
  type: string | undefined,
  conditions: TypeConditions,
): TypedSelection {
  const parts = selections
    .filter((node) => node.kind === 'Field' || applies(node, type, conditions))
    .map((node) => {
      if (node.kind !== 'Field') return typedSelection(node.selections, type, conditions)
      const nested = node.selections && new RequiredSelection(node.selections, conditions)
      return new RequiredField(node.alias ?? node.name, nested)
    })
  const fields = parts.filter((part) => part instanceof RequiredField && !part.nested)
  return fields.length === parts.length
    ? new FlatSelection(
        fields.map((field) => (field as RequiredField).name),
        type,
      )
    : new DeepSelection(parts)
}

function withoutCondition(selection: TypedSelection): TypedSelection {
  const [only, ...others] = selection instanceof DeepSelection ? selection.parts : []
  return only && !(only instanceof RequiredField) && others.length === 0 ? withoutCondition(only) : selection
}

function applies(
  { typeCondition }: QueryPlanInlineFragmentNode,
  type: string | undefined,
  conditions: TypeConditions,
): boolean {
  return typeCondition === undefined || (type !== undefined && conditions.satisfying(typeCondition).has(type))
}

/** Every type that satisfies a condition somewhere in these selections, not looking below their fields. */
function typesNamedIn(selections: readonly QueryPlanSelectionNode[], conditions: TypeConditions): Set<string> {
  const names = new Set<string>()
  for (const node of selections) {
    if (node.kind === 'Field') continue
    for (const name of node.typeCondition ? conditions.satisfying(node.typeCondition) : []) names.add(name)
    for (const name of typesNamedIn(node.selections, conditions)) names.add(name)
  }
  return names
}
