import { operationFromDocument } from '@apollo/federation-internals'
import { prettyFormatQueryPlan, type QueryPlan } from '@apollo/query-planner'
import { type DocumentNode, parse } from 'graphql'
import type { OperationInput } from '../../compiled-operation.ts'
import type { OperationContext } from '../../operation-context.ts'
import { compileOperation } from '../../operation-plans.ts'
import { AnswerOrder } from './answer-order.ts'
import { Chance } from './chance.ts'
import { type AnsweredRequest, FaultPlan, placeOf } from './fault-plan.ts'
import { GraphData } from './graph-data.ts'
import { type GraphSeed, GraphSpec } from './graph-spec.ts'
import type { TrialOperation } from './query-writer.ts'
import { runRepairedStock, runStock } from './stock-executor.ts'
import { buildTrialGraph, entityTypes, plannedHastily, type TrialGraph } from './trial-graph.ts'
import type { TrialResult } from './trial-result.ts'
import { executePlainly, TrialSubgraph } from './trial-subgraph.ts'

/** What goes wrong while an operation runs. */
export interface FaultSeed {
  readonly seed: number
  readonly kinds: readonly string[]
}

/** An executor's answer, and what it asked for it. */
export interface TrialRun {
  readonly result: TrialResult
  readonly fetches: readonly AnsweredRequest[]
  readonly faults: ReadonlySet<string>
}

/** A generated graph with its data, to run operations in. */
export class Trial {
  readonly spec: GraphSpec
  readonly graph: TrialGraph
  readonly #data: GraphData

  private constructor(spec: GraphSpec, graph: TrialGraph, data: GraphData) {
    this.spec = spec
    this.graph = graph
    this.#data = data
  }

  static async of(seed: GraphSeed): Promise<Trial> {
    const spec = new GraphSpec(seed)
    const data = new GraphData(seed.seed, spec.requirements)
    const graph = await buildTrialGraph(spec.subgraphs, (_name, schema) => {
      const resolveReference = async (reference: Record<string, unknown>, context: Visiting) => {
        const thing = data.resolveReference(reference)
        if (thing) context.visitEntity(thing.label)
        return thing
      }
      return Object.fromEntries(entityTypes(schema).map((type) => [type, { __resolveReference: resolveReference }]))
    })
    return new Trial(spec, plannedHastily(graph), data)
  }

  plan(document: DocumentNode): QueryPlan {
    const { planner, plannedSchema } = this.graph.supergraph
    return planner.buildQueryPlan(operationFromDocument(plannedSchema, document))
  }

  /** In words. */
  describePlan(document: DocumentNode): string {
    return prettyFormatQueryPlan(this.plan(document))
  }

  async runStock(operation: Pick<TrialOperation, 'query' | 'variables'>, faults: FaultSeed): Promise<TrialRun> {
    return this.#runStock(runStock, operation, faults)
  }

  async runRepairedStock(operation: Pick<TrialOperation, 'query' | 'variables'>, faults: FaultSeed): Promise<TrialRun> {
    return this.#runStock(runRepairedStock, operation, faults)
  }

  async runOurs(
    { query, variables }: Pick<TrialOperation, 'query' | 'variables'>,
    faults: FaultSeed,
  ): Promise<TrialRun> {
    const { sources, faultPlan } = this.#open(faults)
    const operation = compileOperation(this.graph.supergraph, parse(query), undefined)
    const result = await operation.run({ variables, sources, context: CONTEXT })
    return { result, fetches: fetchesOf(sources), faults: faultPlan.reached }
  }

  /** Executes in another way, with subgraphs that nobody has asked yet. */
  runWith<Result>(
    faults: FaultSeed,
    execute: (tools: Pick<OperationInput, 'sources' | 'context'>) => Promise<Result>,
  ): Promise<Result> {
    return execute({ sources: this.#open(faults).sources, context: CONTEXT })
  }

  async #runStock(
    run: typeof runStock,
    { query, variables }: Pick<TrialOperation, 'query' | 'variables'>,
    faults: FaultSeed,
  ): Promise<TrialRun> {
    const { sources, faultPlan } = this.#open(faults)
    const document = parse(query)
    const { supergraph } = this.graph
    const result = await run({ supergraph, plan: this.plan(document), document, variables, sources })
    return { result, fetches: fetchesOf(sources), faults: faultPlan.reached }
  }

  /** Subgraphs that nobody has asked yet. */
  #open(faults: FaultSeed) {
    const faultPlan = new FaultPlan(faults.seed, faults.kinds)
    const context: Visiting & { visit: (label: string) => void } = {
      visit: (label) => faultPlan.visit(label),
      visitEntity: (label) => faultPlan.visitEntity(label),
    }
    const execute = executePlainly(context, { fieldResolver: this.#data.fieldResolver })
    const spoil: FaultPlan['spoil'] = (request, response) => faultPlan.spoil(request, response)
    const order = new AnswerOrder(new Chance(faults.seed))
    const arrival = (request: AnsweredRequest) =>
      order.arrival(`${placeOf(request)} ${JSON.stringify([request.variables, request.representations?.[0]])}`)
    const sources = new Map(
      [...this.graph.schemas].map(([name, schema]) => [
        name,
        new TrialSubgraph(name, schema, { execute, spoil, arrival }),
      ]),
    )
    return { sources, faultPlan }
  }
}

const CONTEXT: OperationContext = {
  requestId: 'trial',
  viewer: null,
  forwarded: {},
  signal: new AbortController().signal,
}

interface Visiting {
  visitEntity(label: string): void
}

function fetchesOf(sources: ReadonlyMap<string, TrialSubgraph>): AnsweredRequest[] {
  return [...sources.values()].flatMap(({ fetches }) => fetches)
}
