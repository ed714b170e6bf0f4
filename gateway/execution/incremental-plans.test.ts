import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { operationFromDocument, Supergraph } from '@apollo/federation-internals'
import { QueryPlanner } from '@apollo/query-planner'
import { getOperationAST, parse } from 'graphql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LoadedSupergraph, loadSupergraph } from '../supergraph/supergraph.ts'
import { ToyGraph } from '../testing/toy-graph.ts'
import { deferChoice } from './incremental-choice.ts'
import { compileOperation, OperationPlans } from './operation-plans.ts'

let folder: string
let supergraph: LoadedSupergraph

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-defer-'))
  const graph = await new ToyGraph().start()
  const path = join(folder, 'supergraph.graphql')
  await writeFile(path, graph.supergraphSdl())
  await graph.stop()
  supergraph = await loadSupergraph(path, {})
})

afterAll(() => rm(folder, { recursive: true }))

const PLAIN = [
  '{ reviews { id author { name handle } } user(id: "u1") { name } }',
  'query($x: Boolean!) { review(id: "r1") { id author { ... @include(if: $x) { name } } } }',
  'mutation { addReview(body: "x") { author { name } } }',
  'subscription { reviewAdded { author { name } } }',
]

it('plans operations without @defer as a planner does that knows nothing of it', () => {
  const ignorant = new QueryPlanner(Supergraph.build(supergraph.sdl))
  for (const source of PLAIN) {
    const plan = ignorant.buildQueryPlan(operationFromDocument(supergraph.plannedSchema, parse(source)))
    expect(compileOperation(supergraph, parse(source), undefined).queryPlan).toEqual(plan)
  }
})

it('plans what is not to be deferred as if there were no @defer', () => {
  const plan = (source: string) => compileOperation(supergraph, parse(source), undefined).queryPlan
  const [plain = ''] = PLAIN
  expect(
    plan(`${plain.replace('{ name handle }', '{ ... @defer { name } ...F @defer }')} fragment F on User { handle }`),
  ).toEqual(plan(plain))
})

it('keeps a plan for each choice of what is deferred', () => {
  const document = parse('query($x: Boolean!) { review(id: "r1") { id ... @defer(if: $x) { author { name } } } }')
  const operation = getOperationAST(document)
  if (!operation) throw new Error('There is no operation.')
  const plans = new OperationPlans(supergraph)
  const of = (x: boolean) => plans.of('hash', document, undefined, null, deferChoice(document, operation, { x }))
  expect([of(true).deferredLabels, of(false).deferredLabels]).toEqual([[undefined], []])
  expect(of(true)).toBe(of(true))
  expect(of(false)).toBe(plans.of('hash', document, undefined))
})
