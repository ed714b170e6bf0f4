import { Chance } from './chance.ts'
import { SubgraphDraft } from './subgraph-draft.ts'
import { ValueTypes } from './value-types.ts'

/** What a generated graph may have. */
export const GRAPH_FEATURES = [
  ...['severalKeys', 'compoundKey', 'nestedKey', 'intKey', 'nullableKey', 'unresolvableKey'],
  ...['requires', 'requiresValue', 'requiresAbstract', 'provides', 'providesAbstract', 'shareable', 'splitValue'],
  ...['override', 'progressiveOverride', 'inaccessible', 'interface', 'covariance', 'union'],
  ...['interfaceObject', 'interfaceObjectRequires', 'enum', 'customScalar', 'valueType', 'nestedList', 'nonNull'],
  ...['arguments', 'inputObject', 'sharedRoot', 'mutation'],
]

/** Which features a graph may have; those it got are in {@link GraphSpec.reached}. */
export interface GraphSeed {
  readonly seed: number
  readonly features: readonly string[]
}

interface Entity {
  readonly name: string
  /** Knows all keys, so that there is a way from every subgraph to every other. */
  readonly hub: string
  readonly keys: readonly string[]
}

interface PlainField {
  readonly entity: Entity
  readonly name: string
  readonly owner: string
  readonly base: string
  readonly type: string
  /** Of the base, as a @requires or @provides may have it; undefined for what neither can name. */
  readonly selection: string | undefined
  /** Only what is shareable can be provided. */
  readonly isShareable: boolean
}

const KEY_FIELDS = new Set(['id', 'sku', 'region', 'rank', 'org', 'code'])

/** A graph of several subgraphs that compose, made from a seed. */
export class GraphSpec {
  readonly reached = new Set<string>()
  /** `Type.field` of the subgraph that computes it → the fields it requires. */
  readonly requirements = new Map<string, readonly string[]>()
  readonly #chance: Chance
  readonly #features: ReadonlySet<string>
  readonly #drafts: readonly SubgraphDraft[]
  readonly #entities: readonly Entity[]
  readonly #values: ValueTypes
  readonly #plain: PlainField[] = []

  constructor({ seed, features }: GraphSeed) {
    const chance = new Chance(seed)
    this.#chance = chance
    this.#features = new Set(features)
    const names = ['a', 'b', 'c', 'd'].slice(0, 2 + chance.below('subgraphs', 3))
    this.#drafts = names.map((name) => new SubgraphDraft(name))
    this.#entities = ['E0', 'E1', 'E2'].slice(0, 2 + chance.below('entities', 2)).map((name) => this.#entity(name))
    this.#values = new ValueTypes({
      chance,
      drafts: this.#drafts,
      may: (feature) => this.#may(feature),
      reach: (feature) => this.reached.add(feature),
      declareEntity: (draft, name) => this.#declareEntity(draft, name),
      requirements: this.requirements,
    })
    for (const entity of this.#entities) this.#declareEntity(this.#draft(entity.hub), entity.name)
    this.#values.plant()
    for (const entity of this.#entities) this.#addPlainFields(entity)
    for (const entity of this.#entities) this.#addSpecialFields(entity)
    for (const draft of this.#drafts) this.#addRoots(draft)
    this.#addSharedRoot()
  }

  /** Each subgraph's schema. */
  get subgraphs(): readonly { readonly name: string; readonly typeDefs: string }[] {
    return this.#drafts.map((draft) => ({ name: draft.name, typeDefs: draft.print(KEY_FIELDS) }))
  }

  #may(feature: string): boolean {
    return this.#features.has(feature)
  }

  /** Whether it happens at this place; then it is reached. */
  #happens(feature: string, label: string, probability: number): boolean {
    const happens = this.#may(feature) && this.#chance.is(`${feature}@${label}`, probability)
    if (happens) this.reached.add(feature)
    return happens
  }

  #draft(name: string): SubgraphDraft {
    const draft = this.#drafts.find((it) => it.name === name)
    if (!draft) throw new Error(`No subgraph ${name}.`)
    return draft
  }

  #entity(name: string): Entity {
    const keys = ['id']
    if (this.#happens('severalKeys', name, 0.5)) keys.push('sku')
    if (this.#happens('compoundKey', name, 0.4)) keys.push('id region')
    if (this.#happens('nestedKey', name, 0.4)) keys.push('org { code }')
    if (this.#happens('intKey', name, 0.3)) keys.push('rank')
    return { name, keys, hub: this.#chance.pick(`hub ${name}`, this.#drafts).name }
  }

  #declareEntity(draft: SubgraphDraft, name: string): void {
    const entity = this.#entities.find((it) => it.name === name)
    if (!entity || draft.has(name)) return
    const isHub = entity.hub === draft.name
    const keys = isHub ? entity.keys : this.#chance.some(`keys ${draft.name} ${name}`, entity.keys, 0.4)
    const mayBeUnresolvable = !isHub && this.#happens('unresolvableKey', `${draft.name} ${name}`, 0.4)
    draft.begin(name, { keys: [...keys], mayBeUnresolvable })
    const used = new Set(keys.flatMap((key) => key.match(/\w+/g) ?? []))
    if (used.has('id')) draft.field(name, 'id', ': ID!')
    if (used.has('sku')) draft.field(name, 'sku', this.#happens('nullableKey', name, 0.6) ? ': String' : ': String!')
    if (used.has('region')) draft.field(name, 'region', ': String!')
    if (used.has('rank')) draft.field(name, 'rank', ': Int!')
    if (!used.has('org')) return
    draft.field(name, 'org', `: Org${name}!`)
    draft.begin(`Org${name}`, { directives: '@shareable' })
    draft.field(`Org${name}`, 'code', ': ID!')
  }

  /** Its fields that one subgraph alone has. */
  #addPlainFields(entity: Entity): void {
    const count = 2 + this.#chance.below(`fields ${entity.name}`, 4)
    for (let index = 0; index < count; index += 1) {
      const name = `${entity.name.toLowerCase()}f${index}`
      const draft = this.#chance.pick(`owner ${name}`, this.#drafts)
      const base = this.#values.base(draft, name)
      const type = this.#values.wrap(name, base)
      const args = this.#values.args(draft, name)
      const hidden = this.#happens('inaccessible', name, 0.12) ? '@inaccessible' : ''
      this.#declare(draft, entity.name, base)
      const isShareable = this.#chance.is(`shareable ${name}`, 0.5)
      draft.field(entity.name, name, `${args}: ${type} ${hidden} ${isShareable ? '@shareable' : ''}`)
      const selection = args === '' ? this.#values.selection(base, name) : undefined
      this.#plain.push({ entity, name, owner: draft.name, base, type, selection, isShareable })
    }
  }

  /** Those that take several subgraphs. */
  #addSpecialFields(entity: Entity): void {
    for (const draft of this.#drafts) {
      this.#addProvides(draft, entity)
      for (const index of [0, 1]) this.#addRequires(draft, entity, index)
    }
    const [first, second] = this.#two(entity.name)
    const prefix = entity.name.toLowerCase()
    if (this.#happens('shareable', entity.name, 0.5)) this.#addShared(entity, `${prefix}shared`, first, second)
    if (this.#happens('splitValue', entity.name, 0.5)) this.#addSplit(entity, `${prefix}split`, first, second)
    if (this.#happens('override', entity.name, 0.5)) this.#addOverride(entity, `${prefix}moved`, first, second)
  }

  #addRequires(draft: SubgraphDraft, { name: entity }: Entity, index: number): void {
    const name = `${entity.toLowerCase()}needs${draft.name}${index}`
    const candidates = this.#plain.filter((it) => it.entity.name === entity && this.#canBeNamed(it, draft))
    if (candidates.length === 0 || !this.#happens('requires', name, 0.4)) return
    const required = this.#chance.some(`required ${name}`, candidates, 0.4)
    this.#declareEntity(draft, entity)
    for (const field of required) this.#declareExternal(draft, field)
    const fields = required.map((it) => `${it.name}${it.selection}`).join(' ')
    draft.field(entity, name, `: ${this.#values.wrap(`w ${name}`, 'String')} @requires(fields: "${fields}")`)
    this.requirements.set(
      `${entity}.${name}`,
      required.map((it) => it.name),
    )
  }

  #addProvides(draft: SubgraphDraft, entity: Entity): void {
    const name = `${entity.name.toLowerCase()}gives${draft.name}`
    const target = this.#chance.pick(`provided ${name}`, this.#entities).name
    const candidates = this.#plain.filter(
      (it) => it.isShareable && it.entity.name === target && this.#canBeNamed(it, draft),
    )
    if (candidates.length === 0 || !this.#happens('provides', name, 0.5)) return
    const field = this.#chance.pick(`field ${name}`, candidates)
    const isAbstract =
      target === 'E0' && this.#values.supports(draft, 'Mixed') && this.#happens('providesAbstract', name, 0.5)
    this.#declare(draft, entity.name, target)
    this.#declareExternal(draft, field)
    const provided = `${field.name}${field.selection}`
    const fields = isAbstract ? `... on ${target} { ${provided} }` : provided
    const type = this.#values.wrap(`w ${name}`, isAbstract ? 'Mixed' : target)
    draft.field(entity.name, name, `: ${type} @provides(fields: "${fields}")`)
  }

  #canBeNamed(field: PlainField, draft: SubgraphDraft): boolean {
    const isElsewhere = field.owner !== draft.name && !draft.hasField(field.entity.name, field.name)
    return isElsewhere && field.selection !== undefined && this.#values.supports(draft, field.base)
  }

  #declareExternal(draft: SubgraphDraft, field: PlainField): void {
    this.#declare(draft, field.entity.name, field.base)
    draft.field(field.entity.name, field.name, `: ${field.type} @external`)
    if (field.base === 'V0') this.reached.add('requiresValue')
    if (field.base === 'Named' || field.base === 'Mixed') this.reached.add('requiresAbstract')
  }

  #addShared(entity: Entity, name: string, first: SubgraphDraft, second: SubgraphDraft): void {
    const base = this.#values.base(first, name)
    const type = this.#values.wrap(name, this.#values.supports(second, base) ? base : 'String')
    for (const draft of [first, second]) {
      this.#declare(draft, entity.name, type.replace(/[[\]!]/g, ''))
      draft.field(entity.name, name, `: ${type} @shareable`)
    }
  }

  /** A value that several subgraphs know in part. */
  #addSplit(entity: Entity, name: string, first: SubgraphDraft, second: SubgraphDraft): void {
    const part = `Split${entity.name}`
    const type = this.#values.wrap(name, part)
    for (const draft of [first, second]) {
      this.#declareEntity(draft, entity.name)
      draft.begin(part)
      draft.field(entity.name, name, `: ${type} @shareable`)
      draft.field(
        part,
        `${name}In${draft.name}`,
        this.#happens('nonNull', `${part}${draft.name}`, 0.3) ? ': Int!' : ': Int',
      )
    }
  }

  #addOverride(entity: Entity, name: string, first: SubgraphDraft, second: SubgraphDraft): void {
    const type = this.#values.wrap(name, this.#chance.pick(`moved ${name}`, ['Int', 'String', entity.name]))
    const label = this.#happens('progressiveOverride', name, 0.5) ? ', label: "percent(50)"' : ''
    for (const draft of [first, second]) this.#declareEntity(draft, entity.name)
    first.field(entity.name, name, `: ${type}`)
    second.field(entity.name, name, `: ${type} @override(from: "${first.name}"${label})`)
  }

  #addRoots(draft: SubgraphDraft): void {
    draft.begin('Query')
    const count = 2 + this.#chance.below(`roots ${draft.name}`, 3)
    for (let index = 0; index < count; index += 1) {
      this.#addRoot(draft, 'Query', `${draft.name}Root${index}`, index > 0)
    }
    if (!this.#happens('mutation', draft.name, 0.6)) return
    draft.begin('Mutation')
    this.#addRoot(draft, 'Mutation', `${draft.name}Do`, true)
    this.#addRoot(draft, 'Mutation', `${draft.name}Undo`, true)
  }

  #addRoot(draft: SubgraphDraft, type: string, name: string, isFree: boolean): void {
    const base = isFree
      ? this.#values.base(draft, name, 0.12)
      : this.#chance.pick(
          name,
          this.#entities.map((it) => it.name),
        )
    this.#declare(draft, type, base)
    draft.field(type, name, `${this.#values.args(draft, name)}: ${this.#values.wrap(name, base, 0.12)}`)
  }

  #addSharedRoot(): void {
    if (!this.#happens('sharedRoot', 'root', 0.5)) return
    const type = this.#values.wrap('shared', 'E0')
    for (const draft of this.#two('root')) {
      this.#declareEntity(draft, 'E0')
      draft.field('Query', 'shared', `: ${type} @shareable`)
    }
  }

  #two(label: string): [SubgraphDraft, SubgraphDraft] {
    const first = this.#chance.pick(`first ${label}`, this.#drafts)
    return [
      first,
      this.#chance.pick(
        `second ${label}`,
        this.#drafts.filter((it) => it !== first),
      ),
    ]
  }

  #declare(draft: SubgraphDraft, parent: string, base: string): void {
    this.#declareEntity(draft, parent)
    this.#values.declare(draft, base)
  }
}
