import fc from 'fast-check'
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type InlineFragmentNode,
  Kind,
  parse,
  print,
  type SelectionSetNode,
  visit,
} from 'graphql'
import { expect, it } from 'vitest'
import type { OperationResult } from './compiled-operation.ts'
import { deferChoice } from './incremental-choice.ts'
import { type AnsweredPart, IncrementalRun } from './incremental-run.ts'
import { compileOperation } from './operation-plans.ts'
import { Chance } from './oracle/testing/chance.ts'
import { FAULTS } from './oracle/testing/fault-plan.ts'
import { GRAPH_FEATURES } from './oracle/testing/graph-spec.ts'
import { type TrialOperation, writeOperation } from './oracle/testing/query-writer.ts'
import { type FaultSeed, Trial } from './oracle/testing/trial.ts'

/** The same graphs each time; DEFER_SEED searches elsewhere, DEFER_RUNS for longer. */
const RUNS = Number(process.env.DEFER_RUNS ?? 10)
const SEED = Number(process.env.DEFER_SEED ?? 20_261_122)
const OPERATIONS = 4

/** A part may lack what is selected of an object's own type where a subgraph has it as `@interfaceObject`. */
const FEATURES = GRAPH_FEATURES.filter((feature) => !feature.startsWith('interfaceObject'))

const seen = { parts: 0, nested: 0, inLists: 0, executions: 0, unplannable: 0 }

it(
  `gives in pieces what the operation without @defer gives at once, over any graph (seed ${SEED})`,
  async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0 }), tryGraph), {
      seed: SEED,
      numRuns: RUNS,
      endOnFailure: true,
    })
    expect(seen.parts).toBeGreaterThan(RUNS)
    expect(seen.nested).toBeGreaterThan(0)
    expect(seen.inLists).toBeGreaterThan(0)
    expect(seen.unplannable).toBeLessThan(RUNS * OPERATIONS * 0.2)
  },
  30_000 + RUNS * 2_000,
)

async function tryGraph(seed: number): Promise<void> {
  const trial = await Trial.of({ seed, features: FEATURES })
  for (let index = 0; index < OPERATIONS; index += 1) {
    const written = writeOperation(trial.graph.supergraph.clientSchema, seed + index, 3)
    const operation = { ...written, query: print(withDefers(parse(written.query), new Chance(seed + index))) }
    await tryOperation(trial, operation, seed + index)
  }
}

async function tryOperation(trial: Trial, operation: TrialOperation, seed: number): Promise<void> {
  const healthy = await bothWays(trial, operation, { seed, kinds: [] })
  if (!healthy) return
  const { whole, pieces } = healthy
  if (!whole.errors && !whole.extensions) expect(pieces, operation.query).toEqual(plain(whole.data))
  // It ends, whatever goes wrong.
  await bothWays(trial, operation, { seed, kinds: FAULTS })
}

/** Undefined when the planner does not know how. */
async function bothWays(trial: Trial, { query, variables }: TrialOperation, faults: FaultSeed) {
  const { supergraph } = trial.graph
  const document = parse(query)
  const [definition] = document.definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('The operation comes first.')
  const choice = deferChoice(document, definition, variables)
  const compiled = (() => {
    try {
      return {
        atOnce: compileOperation(supergraph, document, undefined),
        inPieces: compileOperation(supergraph, document, undefined, undefined, choice),
      }
    } catch {
      seen.unplannable += 1
      return undefined
    }
  })()
  if (!compiled) return undefined
  const whole = await trial.runWith(faults, (tools) => compiled.atOnce.run({ variables, ...tools }))
  const refusal = compiled.inPieces.refusalOf(variables)
  if (refusal) return undefined
  const pieces = await trial.runWith(faults, (tools) =>
    putTogether(new IncrementalRun(compiled.inPieces, { variables, ...tools })),
  )
  return { whole, pieces }
}

/** What a client has of an answer when it has all pieces of it. */
async function putTogether(run: IncrementalRun): Promise<unknown> {
  seen.executions += 1
  const first = await run.first()
  const data = plain(first.result.data)
  const announced = new Set(first.pending.map(({ id }) => id))
  let { hasNext } = first
  while (hasNext) {
    const piece = await run.next()
    if (!piece) throw new Error('There should be another piece.')
    for (const { part, result } of piece.answered) {
      expect(announced.delete(part.id)).toBe(true)
      mergeAt(data, part, result)
    }
    for (const { id } of piece.pending) announced.add(id)
    seen.nested += piece.pending.length
    hasNext = piece.hasNext
  }
  expect([...announced]).toEqual([])
  expect(await run.next()).toBeUndefined()
  return data
}

function mergeAt(data: unknown, { path }: AnsweredPart['part'], { data: part }: OperationResult): void {
  seen.parts += 1
  if (path.some((key) => typeof key === 'number')) seen.inLists += 1
  const object = path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], data)
  if (typeof object !== 'object' || object === null) throw new Error(`There is no object at ${path.join('.')}.`)
  if (part) deepMerge(object as Record<string, unknown>, plain(part) as Record<string, unknown>)
}

function deepMerge(target: Record<string, unknown>, source: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(source)) {
    const present = target[key]
    if (typeof present === 'object' && present !== null && typeof value === 'object' && value !== null) {
      deepMerge(present as Record<string, unknown>, value as Record<string, unknown>)
    } else target[key] = value
  }
}

/** As a client gets it. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null))
}

/** The same operation with some of its fragments deferred, and some more fragments that are. */
function withDefers(document: DocumentNode, chance: Chance): DocumentNode {
  let count = 0
  const happens = () => {
    count += 1
    return chance.is(`defer ${count}`, 0.3)
  }
  const isMutation = document.definitions.some((it) => 'operation' in it && it.operation === 'mutation')
  let depth = 0
  return visit(document, {
    Field: {
      enter: () => {
        depth += 1
      },
      leave: (field) => {
        depth -= 1
        return field.selectionSet && !field.name.value.startsWith('__') && happens()
          ? deferringSome(field, field.selectionSet)
          : field
      },
    },
    // In a mutation, a fragment may be on its root.
    InlineFragment: (fragment) => (!(isMutation && depth === 0) && happens() ? deferred(fragment) : fragment),
    FragmentSpread: (spread) => (!isMutation && happens() ? deferred(spread) : spread),
  })
}

function deferred<Node extends { readonly directives?: readonly DirectiveNode[] }>(node: Node): Node {
  return { ...node, directives: [...(node.directives ?? []), DEFER] }
}

function deferringSome(field: FieldNode, { selections }: SelectionSetNode): FieldNode {
  const [first, ...rest] = selections
  if (!first || rest.length === 0) return field
  const later: InlineFragmentNode = {
    kind: Kind.INLINE_FRAGMENT,
    directives: [DEFER],
    selectionSet: { kind: Kind.SELECTION_SET, selections: rest },
  }
  return { ...field, selectionSet: { kind: Kind.SELECTION_SET, selections: [first, later] } }
}

const DEFER: DirectiveNode = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'defer' } }
