import { isDeepStrictEqual } from 'node:util'
import { operationFromDocument } from '@apollo/federation-internals'
import { prettyFormatQueryPlan, type QueryPlan } from '@apollo/query-planner'
import { type GraphQLFieldResolver, parse } from 'graphql'
import type { OperationContext } from '../../operation-context.ts'
import { compileOperation } from '../../operation-plans.ts'
import type { AnsweredRequest } from './fault-plan.ts'
import { runStock } from './stock-executor.ts'
import { buildTrialGraph, entityTypes, type Resolvers, type TrialGraph } from './trial-graph.ts'
import { describeError, type TrialResult } from './trial-result.ts'
import { executePlainly, type SubgraphBehaviour, TrialSubgraph } from './trial-subgraph.ts'

type Data = Readonly<Record<string, unknown>>

/** A subgraph of a hand-written graph. */
export interface SubgraphExample {
  /** Without its link to the federation specification. */
  readonly typeDefs: string
  /** What the fields of Query answer; functions get the arguments. */
  readonly root?: Data
  /** The same of Mutation. */
  readonly mutations?: Data
  /** By type, all entities there are: found by the fields that a representation has of them. */
  readonly entities?: Readonly<Record<string, readonly Data[]>>
  /** What is computed. An entity has all that was sent of it. */
  readonly resolvers?: Resolvers
  /** Changes its answers. */
  readonly spoil?: SubgraphBehaviour['spoil']
  /** Holds its answers back. */
  readonly arrival?: (request: AnsweredRequest) => Promise<void>
}

/** What an executor answered, in a form to compare. */
export interface PlainAnswer {
  readonly data?: unknown
  /** Each as `CODE: message at path`. */
  readonly errors?: readonly string[]
  readonly valueCompletion?: readonly string[]
}

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@provides",
  "@external", "@shareable", "@override", "@inaccessible", "@interfaceObject", "@extends", "@context", "@fromContext"])`

/** A hand-written graph, asked through the stock executor and through ours. */
export class FederatedGraph {
  readonly #graph: TrialGraph
  readonly #subgraphs: Readonly<Record<string, SubgraphExample>>

  private constructor(graph: TrialGraph, subgraphs: Readonly<Record<string, SubgraphExample>>) {
    this.#graph = graph
    this.#subgraphs = subgraphs
  }

  /** @throws AggregateError when the subgraphs do not compose. */
  static async of(subgraphs: Readonly<Record<string, SubgraphExample>>): Promise<FederatedGraph> {
    const specs = Object.entries(subgraphs).map(([name, { typeDefs }]) => ({
      name,
      // One that extends types is taken for federation 1, which needs no link.
      typeDefs: typeDefs.includes('extend ') ? typeDefs : `${LINK}\n${typeDefs}`,
    }))
    const graph = await buildTrialGraph(specs, (name, schema) => resolversOf(subgraphs[name], entityTypes(schema)))
    return new FederatedGraph(graph, subgraphs)
  }

  /**
   * What both executors answer.
   *
   * @throws Error when they do not answer the same.
   */
  async ask(query: string, variables: Data = {}): Promise<PlainAnswer> {
    const [ours, stock] = [await this.askOurs(query, variables), await this.askStock(query, variables)]
    if (isDeepStrictEqual(ours, stock)) return ours
    throw new Error(`Ours: ${JSON.stringify(ours)}\nstock: ${JSON.stringify(stock)}`)
  }

  async askOurs(query: string, variables: Data = {}, plan?: QueryPlan): Promise<PlainAnswer> {
    const { supergraph } = this.#graph
    const planner = { buildQueryPlan: () => plan } as unknown as typeof supergraph.planner
    const operation = compileOperation(plan ? { ...supergraph, planner } : supergraph, parse(query), undefined)
    return plainAnswer(await operation.run({ variables, sources: this.#open(), context: CONTEXT }))
  }

  async askStock(query: string, variables: Data = {}, plan = this.planOf(query)): Promise<PlainAnswer> {
    const { supergraph } = this.#graph
    return plainAnswer(await runStock({ supergraph, plan, document: parse(query), variables, sources: this.#open() }))
  }

  planOf(query: string): QueryPlan {
    const { planner, plannedSchema } = this.#graph.supergraph
    return planner.buildQueryPlan(operationFromDocument(plannedSchema, parse(query)))
  }

  /** In words. */
  describePlan(query: string): string {
    return prettyFormatQueryPlan(this.planOf(query))
  }

  #open(): Map<string, TrialSubgraph> {
    const asSent: SubgraphBehaviour['spoil'] = (_request, response) => response
    const sources = [...this.#graph.schemas].map(([name, schema]) => {
      const { spoil = asSent, arrival = async () => {} } = this.#subgraphs[name] ?? {}
      const fieldResolver = fieldResolverOf(this.#subgraphs[name]?.entities ?? {})
      return [
        name,
        new TrialSubgraph(name, schema, { execute: executePlainly({}, { fieldResolver }), spoil, arrival }),
      ] as const
    })
    return new Map(sources)
  }
}

function resolversOf(subgraph: SubgraphExample | undefined, types: readonly string[]): Resolvers {
  const { root = {}, entities = {}, resolvers = {} } = subgraph ?? {}
  const all = Object.entries(entities).flatMap(([type, list]) => list.map((it) => ({ __typename: type, ...it })))
  const resolveReference = async (reference: Data) => {
    const isOfType = (it: Data) => !(String(reference.__typename) in entities) || it.__typename === reference.__typename
    const found = all.find((it) => isOfType(it) && Object.entries(reference).every((entry) => fits(it, entry)))
    return found ? { ...reference, ...found } : null
  }
  return {
    ...resolvers,
    ...roots('Query', root),
    ...roots('Mutation', subgraph?.mutations ?? {}),
    ...Object.fromEntries(types.map((type) => [type, { ...resolvers[type], __resolveReference: resolveReference }])),
  }
}

/** What an object does not say itself is said by the entity of the same type and id. */
function fieldResolverOf(entities: Readonly<Record<string, readonly Data[]>>): GraphQLFieldResolver<Data, unknown> {
  return (source, args, _context, { fieldName, parentType }) => {
    const known = fieldName in source ? source : entities[parentType.name]?.find(({ id }) => id === source.id)
    const value = known?.[fieldName]
    return typeof value === 'function' ? value(args) : value
  }
}

function roots(type: string, values: Data): Resolvers {
  const resolve = (value: unknown) => (_source: unknown, args: unknown) =>
    typeof value === 'function' ? value(args) : value
  const entries = Object.entries(values).map(([name, value]) => [name, resolve(value)])
  return entries.length > 0 ? { [type]: Object.fromEntries(entries) } : {}
}

/** What an entity does not have it cannot be told from; an interface's name tells nothing of its objects. */
function fits(entity: Data, [name, value]: [string, unknown]): boolean {
  if (name === '__typename') return true
  return !(name in entity) || isDeepStrictEqual(entity[name], value)
}

function plainAnswer({ data, errors, extensions }: TrialResult): PlainAnswer {
  const { valueCompletion } = extensions ?? {}
  return {
    ...(data !== undefined && { data: JSON.parse(JSON.stringify(data)) }),
    ...(errors && { errors: errors.map(describeError).sort() }),
    ...(valueCompletion ? { valueCompletion: (valueCompletion as unknown[]).map(describeError).sort() } : {}),
  }
}

const CONTEXT: OperationContext = {
  requestId: 'example',
  viewer: null,
  forwarded: {},
  signal: new AbortController().signal,
}

/** A graph, what it is asked and what it must answer. */
export interface FederationCase {
  /** Goes on from "a federated graph". */
  readonly title: string
  readonly subgraphs: Readonly<Record<string, SubgraphExample>>
  readonly query: string
  readonly variables?: Data
  readonly answer: PlainAnswer
}
