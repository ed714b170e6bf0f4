import { createRequire } from 'node:module'
import { buildSchema, operationFromDocument } from '@apollo/federation-internals'
import fc from 'fast-check'
import { type DocumentNode, type FragmentDefinitionNode, type GraphQLError, Kind, parse, validate } from 'graphql'
import { expect, it } from 'vitest'
import { compileProjection } from './projection.ts'
import { Dice } from './testing/dice.ts'
import { RandomData, type Strangeness } from './testing/random-data.ts'
import { RandomOperation } from './testing/random-operation.ts'

/** What Apollo's gateway does in the place of a projection; it is not exported. */
const { computeResponse } = createRequire(import.meta.url)('@apollo/gateway/dist/resultShaping.js') as {
  computeResponse(options: object): { data: unknown; errors: GraphQLError[] }
}

const shaped = buildSchema(`
  interface Node { id: ID! again: Node node: Node nodes: [Node!] }
  interface Named implements Node { id: ID! again: Node node: Node nodes: [Node!] name: String color: Color }
  type Dog implements Node & Named {
    id: ID! again: Node! node: Node nodes: [Node!] name: String! color: Color! tags: [String!] matrix: [[Int!]!]
    cat: Cat! cats: [Cat!]! maybe: [Cat] pet: Pet pets: [Pet!] any: JSON score: Float ok: Boolean dog: Dog
  }
  type Cat implements Node { id: ID! again: Node node: Node nodes: [Node!] lives: Int! dog: Dog dogs: [[Dog!]] pet: Pet! }
  union Pet = Dog | Cat
  enum Color { RED BLUE }
  scalar JSON
  type Query { dog: Dog dogs: [Dog] cat: Cat! node: Node nodes: [Node!] pet: Pet pets: [[Pet]!] named: Named count: Int }
`)
const schema = shaped.toGraphQLJSSchema()

/** A third of all throws may be true to the schema, a third have nulls, a third anything. */
const STRANGENESS: readonly Strangeness[] = [
  { unfitOnceIn: 0, nullOnceIn: 12, unknownTypeOnceIn: 0, malformedOnceIn: 0 },
  { unfitOnceIn: 8, nullOnceIn: 8, unknownTypeOnceIn: 20, malformedOnceIn: 0 },
  { unfitOnceIn: 10, nullOnceIn: 10, unknownTypeOnceIn: 20, malformedOnceIn: 60 },
]

const VARIABLES = fc.record({ one: fc.boolean(), two: fc.boolean(), three: fc.boolean() }, { requiredKeys: ['one'] })

/** More for a long run by hand. */
const RUNS = Number(process.env.PROJECTION_RUNS ?? 200)

interface Shaped {
  readonly data?: string
  readonly faults?: readonly string[]
  readonly thrown?: string
}

it(
  'gives what the result shaping of Apollo gives, for whatever a client asks and subgraphs answer',
  () => {
    let compared = 0
    let faults = 0
    let throws = 0
    const property = fc.property(
      fc.integer(),
      VARIABLES,
      fc.constantFrom(...STRANGENESS),
      (seed, variables, strange) => {
        const dice = new Dice(seed)
        const document = parse(new RandomOperation(schema, dice).write())
        fc.pre(validate(schema, document).length === 0)
        const { operation, fragments } = partsOf(document)
        const maker = new RandomData(schema, fragments, dice, strange)
        const data = maker.make(operation)
        const before = JSON.stringify(data)
        const ours = outcome(() => compileProjection(schema, operation, fragments).project(data, variables))
        expect(JSON.stringify(data)).toBe(before)
        const stocks = outcome(() => {
          const { errors, ...shaping } = computeResponse({
            operation: operationFromDocument(shaped, document),
            variables,
            input: data,
          })
          return { ...shaping, faults: errors }
        })
        // Apollo completes such an object each time that it is selected, and so finds other faults before the one that counts.
        if (maker.hasSelectedTwice && (ours.thrown || stocks.thrown)) return
        expect(maker.hasSelectedTwice ? ours.data : ours).toEqual(maker.hasSelectedTwice ? stocks.data : stocks)
        if (maker.hasSelectedTwice) return
        compared += 1
        if (ours.thrown) throws += 1
        faults += ours.faults?.length ?? 0
      },
    )
    fc.assert(property, { numRuns: RUNS })
    expect(compared).toBeGreaterThan(RUNS / 5)
    expect(faults).toBeGreaterThan(RUNS / 20)
    expect(throws).toBeGreaterThan(0)
  },
  30_000 + 50 * RUNS,
)

function outcome(shape: () => { data: unknown; faults: readonly GraphQLError[] }): Shaped {
  try {
    const { data, faults } = shape()
    return { data: inOrder(data), faults: faults.map((fault) => JSON.stringify(fault)).sort() }
  } catch (error) {
    return { thrown: String(error).split(' ').slice(0, 4).join(' ') }
  }
}

/** Apollo's order of fields is another one where a fragment is written twice. */
function inOrder(data: unknown): string {
  return JSON.stringify(data, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  })
}

function partsOf(document: DocumentNode) {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const it of document.definitions) if (it.kind === Kind.FRAGMENT_DEFINITION) fragments.set(it.name.value, it)
  const operation = document.definitions.find((it) => it.kind === Kind.OPERATION_DEFINITION)
  if (!operation) throw new Error('There is no operation.')
  return { operation, fragments }
}
