import {
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import type { Dice } from './dice.ts'

const LEAVES: readonly unknown[] = [
  'text',
  '',
  'RED',
  'HIDDEN',
  0,
  -7,
  2.5,
  1e21,
  2_147_483_648,
  true,
  false,
  { any: 1 },
]

/** How often data do not fit their types; never in 0 throws. */
export interface Strangeness {
  readonly unfitOnceIn: number
  readonly nullOnceIn: number
  readonly unknownTypeOnceIn: number
  readonly malformedOnceIn: number
}

/** Makes data as subgraphs may have given them for an operation, with more fields than the operation has of a type. */
export class RandomData {
  /** Whether an object's fields are selected in several places. */
  hasSelectedTwice = false
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #dice: Dice
  readonly #strangeness: Strangeness

  constructor(
    schema: GraphQLSchema,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    dice: Dice,
    strangeness: Strangeness,
  ) {
    this.#schema = schema
    this.#fragments = fragments
    this.#dice = dice
    this.#strangeness = strangeness
  }

  make({ selectionSet }: OperationDefinitionNode): Record<string, unknown> {
    const type = this.#schema.getQueryType()
    return type ? this.#fields([{ selectionSet, type }]) : {}
  }

  #fields(sets: readonly Selections[]): Record<string, unknown> {
    const fields = new Map<string, { type: GraphQLOutputType; sets: Selections[] }>()
    for (const set of sets) this.#collect(set, fields)
    const data: Record<string, unknown> = Object.create(null)
    for (const [name, field] of fields) {
      if (!this.#is('nullOnceIn')) data[name] = this.#value(field.type, field.sets)
      else if (this.#dice.onceIn(2)) data[name] = null
    }
    return data
  }

  #collect({ selectionSet, type }: Selections, fields: Map<string, { type: GraphQLOutputType; sets: Selections[] }>) {
    for (const selection of selectionSet.selections) {
      if (selection.kind !== Kind.FIELD) {
        const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)
        const condition = fragment?.typeCondition && this.#schema.getType(fragment.typeCondition.name.value)
        if (fragment && isCompositeType(condition)) {
          this.#collect({ selectionSet: fragment.selectionSet, type: condition }, fields)
        }
        continue
      }
      const declared = isUnionType(type) ? undefined : type.getFields()[selection.name.value]?.type
      if (!declared) continue
      const name = (selection.alias ?? selection.name).value
      const field = fields.get(name) ?? { type: declared, sets: [] }
      const named = getNamedType(declared)
      if (selection.selectionSet && isCompositeType(named)) {
        this.hasSelectedTwice ||= field.sets.length > 0
        field.sets.push({ selectionSet: selection.selectionSet, type: named })
      }
      fields.set(name, field)
    }
  }

  #value(type: GraphQLOutputType, sets: readonly Selections[]): unknown {
    if (isNonNullType(type)) return this.#value(type.ofType, sets)
    if (this.#is('malformedOnceIn')) return this.#dice.pick<unknown>(['malformed', 5, true])
    if (isListType(type)) return this.#list(type.ofType, sets)
    if (isCompositeType(type)) return this.#object(type, sets)
    if (this.#is('unfitOnceIn')) return this.#dice.pick(LEAVES)
    if (isEnumType(type)) return this.#dice.pick(type.getValues()).name
    return { Int: 3, Float: 2.5, Boolean: true, ID: 'id' }[type.name] ?? 'text'
  }

  #list(type: GraphQLOutputType, sets: readonly Selections[]): unknown[] {
    return Array.from({ length: this.#dice.below(4) }, () => (this.#is('nullOnceIn') ? null : this.#value(type, sets)))
  }

  #object(type: GraphQLCompositeType, sets: readonly Selections[]): Record<string, unknown> {
    const fields = this.#fields(sets)
    const hasFragments = sets.some(({ selectionSet }) =>
      selectionSet.selections.some(({ kind }) => kind !== Kind.FIELD),
    )
    if (!isAbstractType(type) && !hasFragments && this.#dice.onceIn(2)) return fields
    const objects = isAbstractType(type) ? this.#schema.getPossibleTypes(type) : [type]
    const { name } = this.#dice.pick(objects)
    const strange = ['Unknown', 'JSON', 'Node', 'Pet', ...(isAbstractType(type) ? [''] : [])]
    fields.__typename = this.#is('unknownTypeOnceIn') ? this.#dice.pick(strange) : name
    return fields
  }

  #is(strange: keyof Strangeness): boolean {
    const throws = this.#strangeness[strange]
    return throws > 0 && this.#dice.onceIn(throws)
  }
}

interface Selections {
  readonly selectionSet: SelectionSetNode
  readonly type: GraphQLCompositeType
}
