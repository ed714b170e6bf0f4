import type { Chance } from './chance.ts'
import type { SubgraphDraft } from './subgraph-draft.ts'

interface Surroundings {
  readonly chance: Chance
  readonly drafts: readonly SubgraphDraft[]
  readonly may: (feature: string) => boolean
  readonly reach: (feature: string) => void
  readonly declareEntity: (draft: SubgraphDraft, name: string) => void
  readonly requirements: Map<string, readonly string[]>
}

const SCALARS = ['Int', 'String', 'Float', 'Boolean', 'ID']

/** The types of a generated graph that are no entities of their own: values, enums, inputs, abstract types. */
export class ValueTypes {
  readonly #at: Surroundings
  /** Where the interface and the union are; the first knows more of them. */
  readonly #homes: readonly SubgraphDraft[]
  /** Where the entity interface is, and where it is but one object. */
  readonly #mediaHome: SubgraphDraft
  readonly #mediaObjects: readonly SubgraphDraft[]

  constructor(at: Surroundings) {
    this.#at = at
    const { chance, drafts } = at
    const first = chance.pick('home', drafts)
    const others = drafts.filter((it) => it !== first)
    this.#homes = chance.is('two homes', 0.6) ? [first, chance.pick('home 2', others)] : [first]
    this.#mediaHome = chance.pick('media', drafts)
    const objects = drafts.filter((it) => it !== this.#mediaHome)
    this.#mediaObjects = chance.some('media objects', objects, 0.4)
  }

  /** Writes the abstract types, which must be whole wherever they are. */
  plant(): void {
    if (this.#at.may('interface')) for (const home of this.#homes) this.#plantNamed(home, home === this.#homes[0])
    if (this.#at.may('union')) for (const home of this.#homes) this.#plantMixed(home, home === this.#homes[0])
    if (this.#at.may('interfaceObject')) this.#plantMedia()
  }

  supports(draft: SubgraphDraft, base: string): boolean {
    if (base === 'Named') return this.#at.may('interface') && this.#homes.includes(draft)
    if (base === 'Mixed') return this.#at.may('union') && this.#homes.includes(draft)
    if (base !== 'Media') return true
    return this.#at.may('interfaceObject') && (this.#mediaHome === draft || this.#mediaObjects.includes(draft))
  }

  /** A type for a field, without its lists and its non-null. */
  base(draft: SubgraphDraft, label: string, scalars = 0.4): string {
    const { chance, may } = this.#at
    if (chance.is(`scalar ${label}`, scalars)) {
      const special = [...(may('enum') ? ['Color', 'Size'] : []), ...(may('customScalar') ? ['Stuff'] : [])]
      return chance.pick(`base ${label}`, [...SCALARS, ...special])
    }
    const abstract = ['Named', 'Mixed', 'Media'].filter((it) => this.supports(draft, it))
    return chance.pick(`base ${label}`, ['E0', 'E1', ...(may('valueType') ? ['V0'] : []), ...abstract, ...abstract])
  }

  /** @param strict how probable non-null is at each place. */
  wrap(label: string, base: string, strict = 0.3): string {
    const { chance, may, reach } = this.#at
    const mark = (place: string) => {
      const isStrict = may('nonNull') && chance.is(`${place} ${label}`, strict)
      if (isStrict) reach('nonNull')
      return isStrict ? '!' : ''
    }
    const depth = chance.at(`lists ${label}`)
    const leaf = `${base}${mark('leaf')}`
    if (depth < 0.5) return leaf
    if (depth < 0.85 || !may('nestedList')) return `[${leaf}]${mark('list')}`
    reach('nestedList')
    return `[[${leaf}]${mark('inner')}]${mark('list')}`
  }

  args(draft: SubgraphDraft, label: string): string {
    const { chance, may, reach } = this.#at
    if (!may('arguments') || !chance.is(`args ${label}`, 0.35)) return ''
    reach('arguments')
    const offered = ['n: Int = 1', 'ids: [ID!]', 'flag: Boolean = false']
    if (may('enum')) offered.push('size: Size = SMALL')
    if (may('customScalar')) offered.push('stuff: Stuff')
    if (may('inputObject')) offered.push('filter: Filter', 'filters: [Filter!] = [{ n: 3 }]')
    const args = chance.some(`args of ${label}`, offered, 0.3)
    for (const arg of args) {
      const type = arg.match(/: \[?(\w+)/)?.[1] ?? 'Int'
      if (type === 'Filter') reach('inputObject')
      this.declare(draft, type)
    }
    return `(${args.join(', ')})`
  }

  /** Of a type, as @requires and @provides name it; undefined where they cannot. */
  selection(base: string, label: string): string | undefined {
    const { may } = this.#at
    if (base === 'V0') return may('requiresValue') ? ' { v0a v0n { v1a v1b } }' : undefined
    if (base === 'Named') return may('requiresAbstract') ? ' { __typename named }' : undefined
    if (base === 'Mixed') return may('requiresAbstract') ? ' { ... on V2 { named } }' : undefined
    if (base === 'Media' || /^E\d$/.test(base)) return undefined
    return this.#at.chance.is(`nameable ${label}`, 0.9) ? '' : undefined
  }

  declare(draft: SubgraphDraft, base: string): void {
    this.#at.declareEntity(draft, base)
    if (base === 'V0') this.#declareValues(draft)
    if (base === 'Stuff' && draft.define('Stuff', 'scalar Stuff')) this.#at.reach('customScalar')
    if (base === 'Size') draft.define('Size', 'enum Size { SMALL LARGE }')
    if (base === 'Color') this.#declareColor(draft)
    if (base === 'Filter') this.#declareFilter(draft)
  }

  #declareValues(draft: SubgraphDraft): void {
    if (!draft.begin('V0', { directives: '@shareable' })) return
    this.#at.reach('valueType')
    draft.field('V0', 'v0a', `: ${this.wrap('v0a', 'Int')}`)
    draft.field('V0', 'v0b', `: ${this.wrap('v0b', 'String')}`)
    draft.field('V0', 'v0e', `: ${this.wrap('v0e', 'E0')}`)
    draft.field('V0', 'v0n', `: ${this.wrap('v0n', 'V1')}`)
    draft.begin('V1', { directives: '@shareable' })
    draft.field('V1', 'v1a', `: ${this.wrap('v1a', 'Int')}`)
    draft.field('V1', 'v1b', `: ${this.wrap('v1b', 'String')}`)
    this.#at.declareEntity(draft, 'E0')
  }

  /** Only ever answered, so that subgraphs may know different values. */
  #declareColor(draft: SubgraphDraft): void {
    const { chance, may, reach } = this.#at
    const hidden = may('inaccessible') ? ['GREY @inaccessible'] : []
    const values = ['RED', ...chance.some(`colors ${draft.name}`, ['GREEN', 'BLUE', ...hidden], 0.6)]
    if (draft.define('Color', `enum Color { ${values.join(' ')} }`)) reach('enum')
  }

  #declareFilter(draft: SubgraphDraft): void {
    const own = this.#at.chance.is(`filter ${draft.name}`, 0.3) ? 'alone: Int' : ''
    if (!draft.define('Filter', `input Filter { n: Int = 2 tags: [String!] size: Size inner: Filter ${own} }`)) return
    this.declare(draft, 'Size')
  }

  #plantNamed(home: SubgraphDraft, isFirst: boolean): void {
    const { reach } = this.#at
    reach('interface')
    home.begin('Named', { keyword: 'interface' })
    home.field('Named', 'named', ': String')
    home.field('Named', 'namedLink', ': E1')
    if (isFirst) home.field('Named', 'namedMore', ': Int')
    this.#declareV2(home)
    home.implement('V2', 'Named')
    for (const type of ['E0', 'E1']) {
      this.#at.declareEntity(home, type)
      home.implement(type, 'Named')
      home.field(type, 'named', `: String${this.#covariant(`${type} named`)} @shareable`)
      home.field(type, 'namedLink', `: E1${this.#covariant(`${type} link`)} @shareable`)
      if (isFirst) home.field(type, 'namedMore', `: Int${this.#covariant(`${type} more`)}`)
    }
  }

  #covariant(label: string): string {
    if (!this.#at.may('covariance') || !this.#at.chance.is(`covariant ${label}`, 0.3)) return ''
    this.#at.reach('covariance')
    return '!'
  }

  #declareV2(home: SubgraphDraft): void {
    home.begin('V2', { directives: '@shareable' })
    this.#at.declareEntity(home, 'E1')
    home.field('V2', 'named', ': String')
    home.field('V2', 'namedLink', ': E1')
    home.field('V2', 'namedMore', ': Int')
  }

  #plantMixed(home: SubgraphDraft, isFirst: boolean): void {
    this.#at.reach('union')
    this.#declareV2(home)
    for (const type of ['E0', 'E1']) this.#at.declareEntity(home, type)
    home.define('Mixed', `union Mixed = E0 | V2 ${isFirst ? '| E1' : ''}`)
  }

  #plantMedia(): void {
    const { reach, may, chance, requirements } = this.#at
    reach('interfaceObject')
    const home = this.#mediaHome
    home.begin('Media', { keyword: 'interface', keys: ['id'] })
    for (const type of ['Media', 'M0', 'M1']) {
      if (type !== 'Media') home.begin(type, { keys: ['id'], implements: 'implements Media' })
      home.field(type, 'id', ': ID!')
      home.field(type, 'mTitle', ': String')
      home.field(type, 'mLink', ': E0')
    }
    home.field('M0', 'm0Own', `: ${this.wrap('m0Own', 'Int')}`)
    this.#at.declareEntity(home, 'E0')
    for (const [index, draft] of this.#mediaObjects.entries()) {
      const name = `m${draft.name}`
      draft.begin('Media', { keys: ['id'], directives: '@interfaceObject' })
      draft.field('Media', 'id', ': ID!')
      draft.field('Media', `${name}Score`, `: ${this.wrap(`${name}Score`, 'Int')}`)
      draft.field('Media', `${name}Link`, `: ${this.wrap(`${name}Link`, index === 0 ? 'Media' : 'E0')}`)
      this.#at.declareEntity(draft, 'E0')
      if (!may('interfaceObjectRequires') || !chance.is(`media needs ${draft.name}`, 0.7)) continue
      reach('interfaceObjectRequires')
      draft.field('Media', 'mTitle', ': String @external')
      draft.field('Media', `${name}Needs`, ': String @requires(fields: "mTitle")')
      requirements.set(`Media.${name}Needs`, ['mTitle'])
    }
  }
}
