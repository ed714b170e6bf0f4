import {
  type GraphQLArgument,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
} from 'graphql'
import type { Chance } from './chance.ts'

const STUFF = ['text', 7, { a: [1, null] }, [true]]

/** Writes arguments and directives of one generated operation, and collects the variables that they use. */
export class InputWriter {
  readonly variables: Record<string, unknown> = {}
  readonly reached = new Set<string>()
  readonly #chance: Chance
  readonly #definitions = new Map<string, string>()

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** The operation's variable definitions, in parentheses when there are any. */
  get definitions(): string {
    const list = [...this.#definitions].map(([name, text]) => `$${name}: ${text}`)
    return list.length > 0 ? `(${list.join(', ')})` : ''
  }

  /** @returns the arguments in parentheses, or nothing. */
  args(args: readonly GraphQLArgument[], label: string): string {
    const given = args.filter((arg) => isRequiredArgument(arg) || this.#chance.is(`give ${label} ${arg.name}`, 0.6))
    const texts = given.map((arg) => `${arg.name}: ${this.#argument(arg, `${label}_${arg.name}`)}`)
    return texts.length > 0 ? `(${texts.join(', ')})` : ''
  }

  /** @returns @skip or @include or both, or nothing. */
  directives(label: string): string {
    const names = ['skip', 'include'].filter((name) => this.#chance.is(`${name} ${label}`, 0.05))
    return names.map((name) => `@${name}(if: ${this.#condition(`${name} ${label}`, name)})`).join(' ')
  }

  #condition(label: string, directive: string): string {
    this.reached.add(directive)
    const kind = this.#chance.below(`condition ${label}`, 8)
    if (kind === 0) return String(this.#chance.is(`literal ${label}`, 0.5))
    const name = `on${kind}`
    if (kind <= 4) {
      this.#define(name, 'Boolean!', this.#chance.is(name, 0.6))
      return `$${name}`
    }
    this.reached.add('conditionDefault')
    const text = `${kind === 5 ? 'Boolean!' : 'Boolean'} = ${this.#chance.is(`default ${name}`, 0.6)}`
    this.#define(name, text, this.#chance.is(`given ${name}`, 0.5) ? this.#chance.is(name, 0.5) : undefined)
    return `$${name}`
  }

  #define(name: string, text: string, value: unknown): void {
    if (this.#definitions.has(name)) return
    this.#definitions.set(name, text)
    if (value !== undefined) this.variables[name] = value
  }

  #argument(arg: GraphQLArgument, label: string): string {
    if (!this.#chance.is(`variable ${label}`, 0.5)) return this.#literal(arg.type, label)
    this.reached.add('variable')
    const name = `v_${label}`
    const hasDefault = !isNonNullType(arg.type) && this.#chance.is(`default ${label}`, 0.4)
    if (hasDefault) this.reached.add('variableDefault')
    const text = hasDefault ? `${arg.type} = ${this.#constant(arg.type, `d ${label}`)}` : String(arg.type)
    const isLeftOut = !isNonNullType(arg.type) && this.#chance.is(`left out ${label}`, 0.3)
    this.#define(name, text, isLeftOut ? undefined : this.#value(arg.type, label))
    return `$${name}`
  }

  #literal(type: GraphQLInputType, label: string, depth = 0): string {
    if (isNonNullType(type)) return this.#literal(type.ofType, label, depth)
    if (isListType(type)) return `[${this.#literal(type.ofType, `${label}i`, depth)}]`
    if (!isInputObjectType(type)) return this.#constant(type, label)
    const fields = Object.values(type.getFields()).filter(
      ({ name }) => this.#chance.is(`field ${label} ${name}`, 0.5) && (name !== 'inner' || depth < 2),
    )
    const texts = fields.map(
      (field) => `${field.name}: ${this.#inside(field.type, `${label}_${field.name}`, depth + 1)}`,
    )
    return `{ ${texts.join(', ')} }`
  }

  /** A variable of its own, deep in the input, or more of the literal. */
  #inside(type: GraphQLInputType, label: string, depth: number): string {
    if (isInputObjectType(type) || !this.#chance.is(`nested ${label}`, 0.4)) return this.#literal(type, label, depth)
    this.reached.add('nestedVariable')
    this.#define(
      `v_${label}`,
      String(type),
      this.#chance.is(`left out ${label}`, 0.2) ? undefined : this.#value(type, label),
    )
    return `$v_${label}`
  }

  #constant(type: GraphQLInputType, label: string): string {
    if (isNonNullType(type)) return this.#constant(type.ofType, label)
    if (isListType(type)) return `[${this.#constant(type.ofType, `${label}i`)}]`
    if (isEnumType(type)) return this.#chance.pick(label, type.getValues()).name
    if (isInputObjectType(type)) return '{ n: 5, tags: ["t"] }'
    if (type.name === 'Int') return String(this.#chance.below(label, 9))
    if (type.name === 'Boolean') return String(this.#chance.is(label, 0.5))
    return '"text"'
  }

  #value(type: GraphQLInputType, label: string, depth = 0): unknown {
    if (isNonNullType(type)) return this.#value(type.ofType, label, depth)
    if (depth > 0 && this.#chance.is(`null ${label}`, 0.15) && !label.endsWith('i')) return null
    if (isListType(type))
      return [this.#value(type.ofType, `${label}i`, depth), this.#value(type.ofType, `${label}ji`, depth)]
    if (isEnumType(type)) return this.#chance.pick(label, type.getValues()).name
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(({ name }) =>
        this.#chance.is(`given ${label} ${name}`, 0.5),
      )
      const inner = fields.filter(({ name }) => name !== 'inner' || depth < 2)
      return Object.fromEntries(inner.map((it) => [it.name, this.#value(it.type, `${label} ${it.name}`, depth + 1)]))
    }
    if (type.name === 'Int') return this.#chance.below(label, 9)
    if (type.name === 'Boolean') return this.#chance.is(label, 0.5)
    return type.name === 'Stuff' ? this.#chance.pick(label, STUFF) : `text ${this.#chance.below(label, 3)}`
  }
}
