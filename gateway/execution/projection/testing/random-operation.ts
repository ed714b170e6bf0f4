import {
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isUnionType,
} from 'graphql'
import type { Dice } from './dice.ts'

const MAX_DEPTH = 3

/** Names that objects of JavaScript have by themselves. */
const STRANGE_ALIASES = ['constructor', 'toString', '__proto__', 'hasOwnProperty']

/** Writes queries that use everything a selection may have. They are not always valid: equal aliases may conflict. */
export class RandomOperation {
  readonly #schema: GraphQLSchema
  readonly #dice: Dice
  readonly #fragments: string[] = []

  constructor(schema: GraphQLSchema, dice: Dice) {
    this.#schema = schema
    this.#dice = dice
  }

  write(): string {
    const query = this.#schema.getQueryType()
    if (!query) throw new Error('There are no queries.')
    const selections = this.#selections(query, 0)
    const variables = '$one: Boolean!, $two: Boolean! = true, $three: Boolean = false'
    return `query(${variables}) ${selections} ${this.#fragments.join(' ')}`
  }

  #selections(type: GraphQLCompositeType, depth: number): string {
    const written = Array.from({ length: 1 + this.#dice.below(4) }, () => this.#selection(type, depth))
    return `{ ${written.join(' ')} }`
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    const isDeep = depth >= MAX_DEPTH
    if (!isDeep && this.#dice.onceIn(isUnionType(type) ? 2 : 5)) return this.#fragment(type, depth)
    const fields = isUnionType(type) ? [] : Object.values(type.getFields())
    const possible = fields.filter((field) => !isDeep || !isCompositeType(getNamedType(field.type)))
    const field = possible.length === 0 || this.#dice.onceIn(8) ? undefined : this.#dice.pick(possible)
    const name = `${this.#alias(field?.name ?? 'typename')}${field?.name ?? '__typename'}${this.#condition()}`
    const fieldType = field && getNamedType(field.type)
    return isCompositeType(fieldType) ? `${name} ${this.#selections(fieldType, depth + 1)}` : name
  }

  #alias(field: string): string {
    if (!this.#dice.onceIn(5)) return ''
    return `${this.#dice.onceIn(8) ? this.#dice.pick(STRANGE_ALIASES) : `other_${field}`}: `
  }

  #condition(): string {
    if (!this.#dice.onceIn(6)) return ''
    const value = this.#dice.pick(['true', 'false', '$one', '$two', '$three'])
    return ` @${this.#dice.pick(['skip', 'include'])}(if: ${value})`
  }

  #fragment(type: GraphQLCompositeType, depth: number): string {
    const condition = this.#dice.pick(this.#overlapping(type))
    const selections = this.#selections(condition, depth + 1)
    if (this.#dice.onceIn(2)) return `... on ${condition.name}${this.#condition()} ${selections}`
    const name = `F${this.#fragments.length}`
    this.#fragments.push(`fragment ${name} on ${condition.name} ${selections}`)
    return `...${name}${this.#condition()}`
  }

  #overlapping(type: GraphQLCompositeType): GraphQLCompositeType[] {
    const all = Object.values(this.#schema.getTypeMap()).filter(
      (other) => isCompositeType(other) && !other.name.startsWith('__'),
    ) as GraphQLCompositeType[]
    return all.filter((other) => this.#objects(other).some((object) => this.#objects(type).includes(object)))
  }

  #objects(type: GraphQLCompositeType): readonly GraphQLCompositeType[] {
    return isAbstractType(type) ? this.#schema.getPossibleTypes(type) : [type]
  }
}
