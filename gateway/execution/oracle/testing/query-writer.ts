import {
  doTypesOverlap,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isObjectType,
  isScalarType,
  isUnionType,
  parse,
  validate,
} from 'graphql'
import { Chance } from './chance.ts'
import { InputWriter } from './input-writer.ts'

/** What a generated operation may have, beside what {@link InputWriter} reaches. */
const QUERY_FEATURES = [
  ...[
    'alias',
    'keyAlias',
    'duplicate',
    'inlineFragment',
    'namedFragment',
    'sharedFragment',
    'bareFragment',
    'typename',
    'typenameAlias',
  ],
  ...['introspection', 'mutationOperation', 'queryOperation'],
]

/** All that a generated operation may have. */
export const OPERATION_FEATURES = [
  ...QUERY_FEATURES,
  ...['skip', 'include', 'conditionDefault', 'variable', 'variableDefault', 'nestedVariable'],
]

/** An operation as a client sends it. */
export interface TrialOperation {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly reached: ReadonlySet<string>
}

/** Beyond it, nothing deeper is begun: the planner's time grows with the number of ways there are to a field. */
const MAX_FIELDS = 25

/**
 * An operation that the schema accepts, made from a seed.
 *
 * @param depth of objects in objects.
 */
export function writeOperation(schema: GraphQLSchema, seed: number, depth: number): TrialOperation {
  for (const isDaring of [true, false]) {
    const operation = new QueryWriter(schema, new Chance(seed), isDaring).write(depth)
    if (validate(schema, parse(operation.query)).length === 0) return operation
  }
  return { query: '{ __typename }', variables: {}, reached: new Set() }
}

class QueryWriter {
  readonly #schema: GraphQLSchema
  readonly #chance: Chance
  /** Whether to write what may turn out to conflict. */
  readonly #isDaring: boolean
  readonly #inputs: InputWriter
  readonly #fragments: { name: string; type: GraphQLCompositeType; text: string }[] = []
  readonly #reached: Set<string>
  #fields = 0

  constructor(schema: GraphQLSchema, chance: Chance, isDaring: boolean) {
    this.#schema = schema
    this.#chance = chance
    this.#isDaring = isDaring
    this.#inputs = new InputWriter(chance)
    this.#reached = this.#inputs.reached
  }

  write(depth: number): TrialOperation {
    const mutation = this.#schema.getMutationType()
    const isMutation = mutation && this.#chance.is('mutation', 0.15)
    const root = isMutation ? mutation : this.#schema.getQueryType()
    if (!root) throw new Error('The schema has no Query.')
    this.#reached.add(isMutation ? 'mutationOperation' : 'queryOperation')
    const selections = this.#selections(root, depth, 'root')
    if (!isMutation && this.#chance.is('introspection', 0.12)) selections.push(this.#introspection())
    const operation = `${isMutation ? 'mutation' : 'query'} Trial${this.#inputs.definitions} { ${selections.join(' ')} }`
    const fragments = this.#fragments.map(({ name, type, text }) => `fragment ${name} on ${type} { ${text} }`)
    return { query: [operation, ...fragments].join('\n'), variables: this.#inputs.variables, reached: this.#reached }
  }

  #introspection(): string {
    this.#reached.add('introspection')
    this.#fragments.push({
      name: 'Described',
      type: this.#schema.getType('__Type') as GraphQLCompositeType,
      text: `kind name ${this.#inputs.directives('described')}`,
    })
    return this.#chance.is('whole schema', 0.5)
      ? 'schema: __schema { queryType { ...Described } mutationType { name } }'
      : '... on Query { __type(name: "E0") { ...Described fields { name } } }'
  }

  #selections(type: GraphQLCompositeType, depth: number, label: string): string[] {
    const fields = isUnionType(type) ? [] : Object.values(type.getFields())
    const usable = fields.filter((field) => depth > 0 || !isCompositeType(getNamedType(field.type)))
    const selections = this.#chance
      .some(`fields ${label}`, usable, Math.min(0.9, (label === 'root' ? 2 : 3) / usable.length))
      .flatMap((field) => this.#field(type, field, depth, `${label}.${field.name}`))
    const nesting = label.slice(label.lastIndexOf('.')).split('<').length - 1
    const mayNest = nesting < 2 && this.#fields <= MAX_FIELDS
    if (mayNest && (isAbstractType(type) || this.#chance.is(`fragment ${label}`, 0.15))) {
      selections.push(...this.#inFragments(type, depth, label))
    }
    if (selections.length === 0 || this.#happens('typename', label, 0.2)) selections.splice(1, 0, '__typename')
    if (this.#happens('typenameAlias', label, 0.06)) selections.push('kind: __typename')
    return selections
  }

  #happens(feature: string, label: string, probability: number): boolean {
    const happens = this.#chance.is(`${feature} ${label}`, probability)
    if (happens) this.#reached.add(feature)
    return happens
  }

  #field(parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>, depth: number, label: string): string[] {
    const type = getNamedType(field.type)
    if (this.#fields > MAX_FIELDS && label.includes('.', 5)) return []
    this.#fields += 1
    const isKeyAlias =
      this.#isDaring && (isScalarType(type) || isEnumType(type)) && this.#happens('keyAlias', label, 0.02)
    const isAliased = !isKeyAlias && this.#happens('alias', label, 0.2)
    const key = isKeyAlias ? this.#chance.pick(label, ['id: ', 'sku: ', 'region: ']) : aliasOf(parent, field, isAliased)
    // What has the same name in the answer must have the same arguments.
    const args = this.#inputs.args(field.args, `${isAliased ? 'x_' : ''}${field.name}`)
    const head = `${key}${field.name}${args}`
    if (!isCompositeType(type)) return this.#twice(label, () => `${head} ${this.#inputs.directives(label)}`)
    return this.#twice(label, (copy) => {
      const selections = this.#selections(type, depth - 1, `${label}${copy}`)
      return `${head} ${this.#inputs.directives(`${label}${copy}`)} { ${selections.join(' ')} }`
    })
  }

  #twice(label: string, write: (copy: string) => string): string[] {
    return this.#happens('duplicate', label, 0.1) ? [write(''), write("'")] : [write('')]
  }

  #inFragments(type: GraphQLCompositeType, depth: number, label: string): string[] {
    const overlapping = Object.values(this.#schema.getTypeMap()).filter(
      (it) => isCompositeType(it) && doTypesOverlap(this.#schema, it, type),
    ) as GraphQLCompositeType[]
    const conditions = this.#chance.some(`conditions ${label}`, overlapping, isAbstractType(type) ? 0.5 : 0.2)
    const texts = conditions.map((condition) => this.#fragment(condition, depth, `${label}<${condition}>`))
    if (!this.#happens('bareFragment', label, 0.1)) return texts
    return [
      ...texts,
      `... ${this.#inputs.directives(`bare ${label}`)} { ${this.#selections(type, 0, `${label}<>`).join(' ')} }`,
    ]
  }

  #fragment(type: GraphQLCompositeType, depth: number, label: string): string {
    const directives = this.#inputs.directives(label)
    const known = this.#fragments.find((it) => it.type === type)
    if (known && this.#happens('sharedFragment', label, 0.3)) return `...${known.name} ${directives}`
    const text = this.#selections(type, depth, label).join(' ')
    if (!this.#happens('namedFragment', label, 0.4)) {
      this.#reached.add('inlineFragment')
      return `... on ${type} ${directives} { ${text} }`
    }
    const name = `F${this.#fragments.length}`
    this.#fragments.push({ name, type, text })
    return `...${name} ${directives}`
  }
}

/** Implementations may be stricter than their interface, and under one name that would be a conflict. */
function aliasOf(parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>, isAliased: boolean): string {
  const name = `${isAliased ? 'x_' : ''}${field.name}`
  if (field.name.startsWith('named') && isObjectType(parent)) return `${parent}_${name}: `
  return isAliased ? `${name}: ` : ''
}
