import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { Chance } from './chance.ts'

/** What may go wrong in a subgraph. */
export const FAULTS = [
  ...['fieldError', 'entityError', 'pathlessError', 'nullEntity', 'nullValue', 'missingField', 'wrongType'],
  ...['extraField', 'prototypeKey', 'wrongTypename', 'oddEntity', 'away', 'malformedEntities', 'noData'],
] as const

export type Fault = (typeof FAULTS)[number]

/** A subgraph's answer before anybody checked it. */
export interface RawResponse {
  data?: unknown
  errors?: GraphQLFormattedError[]
}

/** What the decisions about one answer depend on: not on its time, nor on what else was asked for with it. */
export interface AnsweredRequest {
  readonly subgraph: string
  readonly query: string
  readonly variables: unknown
  readonly representations: readonly unknown[] | undefined
}

/** The planner names each fetch; executors may join two that differ in their names alone. */
export function placeOf({ subgraph, query }: Pick<AnsweredRequest, 'subgraph' | 'query'>): string {
  return `${subgraph} ${query.replace(/^(query|mutation) \w+/, '$1')}`
}

const WRONG_VALUES = [5, 'wrong', true, [], {}, [null], [[{}]], { __typename: 'E0', id: 'E0#1.id' }]

/**
 * Lets subgraphs fail. An entity fails alike in every request for it, so that it does not matter in which of them,
 * and how often in it, an executor asks for it.
 */
export class FaultPlan {
  readonly reached = new Set<Fault>()
  readonly #chance: Chance
  readonly #kinds: ReadonlySet<string>

  constructor(seed: number, kinds: readonly string[]) {
    this.#chance = new Chance(seed)
    this.#kinds = new Set(kinds)
  }

  /** @throws GraphQLError when a field fails. */
  visit(label: string): void {
    if (!this.#happens('fieldError', label, 0.07)) return
    throw new GraphQLError(`${label} failed`, { extensions: { code: 'FIELD_FAILED' } })
  }

  /** @throws GraphQLError when an entity fails. */
  visitEntity(label: string): void {
    if (!this.#happens('entityError', label, 0.15)) return
    throw new GraphQLError(`${label} cannot be had`, { extensions: { code: 'ENTITY_FAILED' } })
  }

  /** @throws Error when the subgraph is away. */
  spoil(request: AnsweredRequest, response: RawResponse): RawResponse {
    const { subgraph } = request
    const place = placeOf(request)
    if (this.#happens('away', place, 0.12)) throw new Error('connection refused')
    if (this.#happens('noData', place, 0.1)) {
      return { errors: [{ message: `${subgraph} says no`, extensions: { code: 'NO_DATA' } }] }
    }
    if (response.data) this.#spoilData(response.data as Record<string, unknown>, request, place)
    for (const error of response.errors ?? []) this.#losePath(error)
    return response
  }

  #happens(kind: Fault, label: string, probability: number): boolean {
    const happens = this.#kinds.has(kind) && this.#chance.is(`${kind} ${label}`, probability)
    if (happens) this.reached.add(kind)
    return happens
  }

  #losePath(error: { path?: unknown; message: string }): void {
    if (this.#happens('pathlessError', error.message, 0.4)) delete error.path
  }

  #spoilData(data: Record<string, unknown>, request: AnsweredRequest, place: string): void {
    const { representations, variables } = request
    const { _entities: entities } = data
    if (!representations || !Array.isArray(entities)) {
      const { __typename: root } = data
      this.#spoilObject(data, `${place} ${JSON.stringify(variables)}`)
      if (root) data.__typename = root
      return
    }
    if (this.#happens('malformedEntities', place, 0.15)) {
      data._entities = this.#chance.pick(place, [5, {}, entities.slice(1), [...entities, null]])
      return
    }
    for (const [index, entity] of entities.entries()) {
      const label = `${place} ${JSON.stringify(representations[index])}`
      if (this.#happens('nullEntity', label, 0.15)) entities[index] = null
      else if (this.#happens('oddEntity', label, 0.08)) entities[index] = this.#chance.pick(label, [7, 'odd', [], true])
      else if (entity) this.#spoilObject(entity, label)
    }
  }

  #spoilObject(object: Record<string, unknown>, label: string): void {
    for (const key of Object.keys(object)) {
      const place = `${label}.${key}`
      if (key === '__typename') this.#spoilTypename(object, place)
      else if (this.#happens('missingField', place, 0.04)) delete object[key]
      else object[key] = this.#spoilValue(object[key], place)
    }
    if (this.#happens('extraField', label, 0.1)) Object.assign(object, { extra: { deep: [1] }, constructor: 'extra' })
    if (!this.#happens('prototypeKey', label, 0.1)) return
    const value = this.#chance.pick(label, [{ polluted: true }, [], null, 'text'])
    for (const key of ['__proto__', 'constructor', 'toString']) {
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
    }
  }

  #spoilTypename(object: Record<string, unknown>, place: string): void {
    if (!this.#happens('wrongTypename', place, 0.04)) return
    const { kind, __typename: truth } = object
    object.__typename = this.#chance.pick(place, ['Nothing', 'E1', 'Int', 'Named', 'toString'])
    // Whoever asks twice is told the same.
    if (kind === truth) object.kind = object.__typename
  }

  #spoilValue(value: unknown, place: string): unknown {
    if (this.#happens('nullValue', place, 0.04)) return null
    if (this.#happens('wrongType', place, 0.03)) return structuredClone(this.#chance.pick(place, WRONG_VALUES))
    if (Array.isArray(value)) return value.map((item, index) => this.#spoilValue(item, `${place}[${index}]`))
    if (typeof value === 'object' && value !== null) this.#spoilObject(value as Record<string, unknown>, place)
    return value
  }
}
