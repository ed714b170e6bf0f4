import fc from 'fast-check'
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  parse,
  print,
  type SelectionSetNode,
  validate,
} from 'graphql'
import { expect, it } from 'vitest'
import { Dice } from '../execution/projection/testing/dice.ts'
import { RandomOperation } from '../execution/projection/testing/random-operation.ts'
import { Authorization } from './authorization.ts'
import { filterOperation } from './operation-filter.ts'
import { readRules } from './rules.ts'
import { guardedSupergraph, partsOf } from './testing/guarded-supergraph.ts'

const guarded = (policy: string) => `@policy(policies: [["${policy}"]])`

const TYPES = `
  type Query { dog: Dog dogs: [Dog] cat: Cat! ${guarded('p')} node: Node nodes: [Node!] pet: Pet pets: [[Pet]!] named: Named count: Int any: JSON }
  interface Node { id: ID! again: Node node: Node nodes: [Node!] }
  interface Named implements Node { id: ID! again: Node node: Node nodes: [Node!] name: String color: Color }
  type Dog implements Node & Named {
    id: ID! again: Node! node: Node nodes: [Node!] ${guarded('q')} name: String! ${guarded('p')} color: Color!
    cat: Cat! maybe: [Cat] ${guarded('r')} pet: Pet dog: Dog
  }
  type Cat implements Node ${guarded('r')} { id: ID! again: Node node: Node nodes: [Node!] lives: Int! pet: Pet! }
  type Fish implements Node & Named {
    id: ID! ${guarded('p')} again: Node ${guarded('q')} node: Fish! nodes: [Node!] name: String color: Color ${guarded('q')} bowl: JSON
  }
  union Pet = Dog | Cat | Fish
  enum Color ${guarded('t')} { RED BLUE }
  scalar JSON ${guarded('s')}
`

const { supergraph, clientSchema: schema } = guardedSupergraph([TYPES])
const required = requirementsIn(parse(TYPES))

const RUNS = Number(process.env.AUTHORIZATION_RUNS ?? 400)

it(
  'what is left of an operation is valid, and selects all that it did of every object but what is denied there',
  () => {
    const rules = readRules(supergraph.schema)
    if (!rules) throw new Error('There are no rules.')
    let changed = 0
    const property = fc.property(fc.integer(), fc.subarray(['p', 'q', 'r', 's', 't']), (seed, policies) => {
      const document = parse(new RandomOperation(schema, new Dice(seed)).write())
      fc.pre(validate(schema, document).length === 0)
      const granted = new Set(policies)
      const denials = new Authorization(rules, schema, () => granted).denialsOf(document, undefined, null)
      const { operation, fragments } = partsOf(document)
      const left = denials ? filterOperation(schema, operation, fragments, denials) : document
      const oracle = new AllowedFields(schema, granted)
      const expected = oracle.fieldsOf(document)
      expect(left ? validate(schema, left) : []).toEqual([])
      expect(left ? new AllowedFields(schema).fieldsOf(left) : new Set(), left && print(left)).toEqual(expected)
      if (denials) changed += 1
    })
    fc.assert(property, { numRuns: RUNS })
    expect(changed).toBeGreaterThan(RUNS / 3)
  },
  30_000 + 50 * RUNS,
)

/** Every field that an operation selects of every object that it may be selected of; `__typename` apart. */
class AllowedFields {
  readonly #schema: GraphQLSchema
  readonly #granted: ReadonlySet<string> | undefined

  /** @param granted absent: everything is. */
  constructor(schema: GraphQLSchema, granted?: ReadonlySet<string>) {
    this.#schema = schema
    this.#granted = granted
  }

  fieldsOf(document: DocumentNode): ReadonlySet<string> {
    const { operation, fragments } = partsOf(document)
    const fields = new Set<string>()
    const collect = ({ selections }: SelectionSetNode, object: GraphQLObjectType, path: string): void => {
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) {
          const { value: name } = selection.name
          const type = object.getFields()[name]?.type
          if (!type || this.#isDenied(`${object.name}.${name}`, getNamedType(type).name)) continue
          const at = `${path}/${object.name}.${(selection.alias ?? selection.name).value}`
          fields.add(`${at}:${print({ ...selection, selectionSet: { kind: Kind.SELECTION_SET, selections: [] } })}`)
          for (const below of this.#objectsOf(getNamedType(type).name)) {
            if (selection.selectionSet && !this.#isDenied(below.name)) collect(selection.selectionSet, below, at)
          }
        } else {
          const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
          const condition = fragment?.typeCondition?.name.value ?? object.name
          const isMet = this.#objectsOf(condition).includes(object)
          if (fragment && isMet) collect(fragment.selectionSet, object, path)
        }
      }
    }
    const root = schema.getRootType(operation.operation)
    if (root) collect(operation.selectionSet, root, '')
    return fields
  }

  #isDenied(place: string, returned?: string): boolean {
    const policy = required.get(place)
    if (policy !== undefined && this.#granted && !this.#granted.has(policy)) return true
    if (returned === undefined) return false
    const objects = this.#objectsOf(returned)
    return this.#isDenied(returned) || (objects.length > 0 && objects.every(({ name }) => this.#isDenied(name)))
  }

  #objectsOf(name: string): readonly GraphQLObjectType[] {
    const type = this.#schema.getType(name)
    if (!isCompositeType(type)) return []
    return isAbstractType(type) ? this.#schema.getPossibleTypes(type) : isObjectType(type) ? [type] : []
  }
}

/** The policy of each type and field that has one. */
function requirementsIn(document: DocumentNode): ReadonlyMap<string, string> {
  const policies = new Map<string, string>()
  const add = (place: string, directives: readonly ConstDirectiveNode[] = []) => {
    for (const directive of directives) policies.set(place, print(directive).replaceAll(/^.*"(.+)".*$/g, '$1'))
  }
  for (const definition of document.definitions) {
    if (!('name' in definition) || !definition.name) continue
    add(definition.name.value, definition.directives as readonly ConstDirectiveNode[])
    for (const field of 'fields' in definition ? (definition.fields ?? []) : []) {
      add(`${definition.name.value}.${field.name.value}`, field.directives)
    }
  }
  return policies
}
