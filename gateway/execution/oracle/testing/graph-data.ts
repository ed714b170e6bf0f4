import {
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { Chance } from './chance.ts'

/** An object of the generated data. What it holds follows from its label: every subgraph that knows it says the same. */
export interface Thing {
  readonly __typename: string
  /** `E0#3` for an entity, the way from an entity or a root field for a value. */
  readonly label: string
  /** What the gateway sent of it. */
  readonly reference?: Readonly<Record<string, unknown>>
}

/** What is decided while a subgraph executes. */
export interface DataContext {
  /** @throws what is wrong at this place, if anything is. */
  readonly visit: (label: string) => void
}

const INSTANCES = 4
const MEDIA = ['M0', 'M1']
const STUFF = ['text', 7, true, { a: [1, { b: null }], __typename: 'E0' }, [], [[1], 'x']]

/** Names of fields that keys consist of: their values say whose they are. */
const KEY_LEAF = /^(id|sku|code)$/

/** Data of a generated graph, computed when it is asked for. */
export class GraphData {
  readonly #chance: Chance
  readonly #requirements: ReadonlyMap<string, readonly string[]>

  constructor(seed: number, requirements: ReadonlyMap<string, readonly string[]>) {
    this.#chance = new Chance(seed)
    this.#requirements = requirements
  }

  readonly fieldResolver: GraphQLFieldResolver<Thing | undefined, DataContext> = (source, args, context, info) => {
    const owner = source?.label ?? info.parentType.name
    const given = Object.keys(args).length > 0 ? JSON.stringify(args) : ''
    const label = `${owner}.${info.fieldName}${given}`
    context.visit(label)
    const isMedia = owner.startsWith('Media#')
    const required = this.#requirements.get(`${isMedia ? 'Media' : info.parentType.name}.${info.fieldName}`)
    const told = required?.map((name) => [name, source?.reference?.[name] ?? null])
    return this.#value(info.returnType, label, info.schema, told && JSON.stringify(told))
  }

  /** @returns null for what no entity has as its key. */
  resolveReference(reference: Readonly<Record<string, unknown>>): Thing | null {
    const number = numberIn(reference)
    if (number === undefined) return null
    return { ...entity(String(reference.__typename), number), reference }
  }

  #value(type: GraphQLOutputType, label: string, schema: GraphQLSchema, told?: string): unknown {
    if (isNonNullType(type)) return this.#present(type.ofType, label, schema, told)
    return this.#chance.is(`null ${label}`, 0.12) ? null : this.#present(type, label, schema, told)
  }

  #present(type: GraphQLOutputType, label: string, schema: GraphQLSchema, told?: string): unknown {
    if (isNonNullType(type)) return this.#present(type.ofType, label, schema, told)
    if (isListType(type)) {
      const length = this.#chance.below(`length ${label}`, 4)
      return Array.from({ length }, (_, index) => this.#value(type.ofType, `${label}[${index}]`, schema, told))
    }
    if (isLeafType(type)) {
      if (told !== undefined && type.name === 'String') return `${label} of ${told}`
      return isEnumType(type) ? this.#chance.pick(label, type.getValues()).name : this.#leaf(type.name, label)
    }
    const concrete = isAbstractType(type) ? this.#chance.pick(`type ${label}`, schema.getPossibleTypes(type)) : type
    return this.#object(concrete.name, label, schema)
  }

  #object(type: string, label: string, schema: GraphQLSchema): Thing {
    const isEntity = /^E\d$|^M\d$|^Media$/.test(type)
    if (!isEntity) return { __typename: type, label }
    const number = this.#chance.below(`instance ${label}`, INSTANCES)
    const isObject = type !== 'Media' || isObjectType(schema.getType('Media'))
    return entity(isObject && type.startsWith('E') ? type : 'Media', number, schema)
  }

  #leaf(type: string, label: string): unknown {
    const field = label.slice(label.lastIndexOf('.') + 1)
    if (KEY_LEAF.test(field)) return label
    if (field === 'rank') return numberOf(label)
    if (type === 'Int') return this.#chance.below(label, 100)
    if (type === 'Float') return this.#chance.below(label, 400) / 4
    if (type === 'Boolean') return this.#chance.is(label, 0.5)
    return type === 'Stuff' ? this.#chance.pick(label, STUFF) : label
  }
}

/** Which of the implementations an entity of the entity interface is follows from its number. */
function entity(type: string, number: number, schema?: GraphQLSchema): Thing {
  if (type.startsWith('E')) return { __typename: type, label: `${type}#${number}` }
  const isWhole = !schema || isInterfaceType(schema.getType('Media'))
  return { __typename: isWhole ? (MEDIA[number % 2] ?? 'M0') : 'Media', label: `Media#${number}` }
}

function numberOf(label: string): number | undefined {
  const digits = /^\w+#(\d+)/.exec(label)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function numberIn(reference: unknown): number | undefined {
  if (typeof reference === 'string') return /^\w+#\d+(\.org)?\.\w+$/.test(reference) ? numberOf(reference) : undefined
  if (typeof reference !== 'object' || reference === null) return undefined
  const { rank, id, sku, org } = reference as Record<string, unknown>
  if (typeof rank === 'number') return rank
  const code = typeof org === 'object' && org !== null ? (org as Record<string, unknown>).code : undefined
  return [id, sku, code].map((it) => (typeof it === 'string' ? numberIn(it) : undefined)).find((it) => it !== undefined)
}
