import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isAbstractType,
  isObjectType,
  Kind,
  parse,
  print,
  type SelectionSetNode,
} from 'graphql'
import { fragmentsOf } from '../fragments-of.ts'

/** How many selections are looked at before the comparison is given up, each once for every type of its object. */
const MAX_SELECTIONS = 20_000

/**
 * Whether what one operation is answered has all that another one asks for, under the same names. What is too large to be
 * compared counts as not.
 *
 * @param schema that knows the types of both.
 */
export function covers(schema: GraphQLSchema, answered: string, asked: string): boolean {
  const one = new SelectedFields(schema, parse(answered, { noLocation: true }))
  const other = new SelectedFields(schema, parse(asked, { noLocation: true }))
  if (!one.root || !other.root || one.root.type !== other.root.type) return false
  return new Comparison(schema, one, other).covers(one.root.selected, other.root.selected, one.root.type)
}

/** Selection sets of the same objects, which are one selection set together (GraphQL specification §6.3.2). */
type Selected = ReadonlySet<SelectionSetNode>

/** Compares selection sets rather than places: places are as many as there are ways through the possible types. */
class Comparison {
  readonly #schema: GraphQLSchema
  readonly #answered: SelectedFields
  readonly #asked: SelectedFields
  readonly #compared = new Set<string>()
  readonly #numbers = new Map<SelectionSetNode, number>()

  constructor(schema: GraphQLSchema, answered: SelectedFields, asked: SelectedFields) {
    this.#schema = schema
    this.#answered = answered
    this.#asked = asked
  }

  covers(answered: Selected, asked: Selected, object: GraphQLObjectType): boolean {
    const pair = `${object.name} ${this.#keyOf(answered)} ${this.#keyOf(asked)}`
    // One that does not cover ends the comparison.
    if (this.#compared.has(pair)) return true
    this.#compared.add(pair)
    const available = this.#answered.of(answered, object)
    const wanted = this.#asked.of(asked, object)
    if (this.#answered.looked + this.#asked.looked > MAX_SELECTIONS) return false
    return [...wanted].every(([key, { name, below }]) => {
      const found = available.get(key)
      if (!found || below.size === 0) return found !== undefined
      const type = getNamedType(object.getFields()[name]?.type)
      return objectsOf(this.#schema, type?.name).every((it) => this.covers(found.below, below, it))
    })
  }

  #keyOf(selected: Selected): string {
    const numbers = [...selected].map((selectionSet) => {
      const number = this.#numbers.get(selectionSet) ?? this.#numbers.size
      this.#numbers.set(selectionSet, number)
      return number
    })
    return numbers.sort((one, other) => one - other).join()
  }
}

/** A field that is selected, perhaps several times. */
interface SelectedField {
  readonly name: string
  readonly below: Set<SelectionSetNode>
}

/** What one document selects, whatever fragments it is written in. */
class SelectedFields {
  /** Undefined without an operation that the schema has. */
  readonly root: { readonly type: GraphQLObjectType; readonly selected: Selected } | undefined
  /** How many selections were looked at until now. */
  looked = 0
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #printed = new Map<FieldNode, string>()

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.#schema = schema
    this.#fragments = fragmentsOf(document)
    const operation = getOperationAST(document)
    const type = operation && schema.getRootType(operation.operation)
    if (type) this.root = { type, selected: new Set([operation.selectionSet]) }
  }

  /** The fields of an object of this type, by how they are written and the conditions of the fragments around them. */
  of(selected: Selected, object: GraphQLObjectType): ReadonlyMap<string, SelectedField> {
    const fields = new Map<string, SelectedField>()
    for (const selectionSet of selected)
      this.#addFrom(selectionSet, object, { conditions: '', fields, seen: new Set() })
    return fields
  }

  #addFrom(
    { selections }: SelectionSetNode,
    object: GraphQLObjectType,
    found: { readonly conditions: string; readonly fields: Map<string, SelectedField>; readonly seen: Set<string> },
  ): void {
    const { conditions, fields, seen } = found
    for (const selection of selections) {
      this.looked += 1
      if (selection.kind === Kind.FIELD) {
        const key = `${conditions}/${this.#print(selection)}`
        const field = fields.get(key) ?? { name: selection.name.value, below: new Set() }
        fields.set(key, field)
        if (selection.selectionSet) field.below.add(selection.selectionSet)
        continue
      }
      const spread = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : undefined
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)
      const condition = fragment?.typeCondition?.name.value ?? object.name
      if (!fragment || !objectsOf(this.#schema, condition).includes(object)) continue
      const within = conditions + (selection.directives ?? []).map((directive) => print(directive)).join('')
      if (spread !== undefined && seen.has(`${spread} ${within}`)) continue
      if (spread !== undefined) seen.add(`${spread} ${within}`)
      this.#addFrom(fragment.selectionSet, object, { conditions: within, fields, seen })
    }
  }

  #print(field: FieldNode): string {
    const { selectionSet, ...alone } = field
    const printed = this.#printed.get(field) ?? print(alone)
    this.#printed.set(field, printed)
    return printed
  }
}

function objectsOf(schema: GraphQLSchema, name: string | undefined): readonly GraphQLObjectType[] {
  const type = name === undefined ? undefined : schema.getType(name)
  if (isAbstractType(type)) return schema.getPossibleTypes(type)
  return isObjectType(type) ? [type] : []
}
