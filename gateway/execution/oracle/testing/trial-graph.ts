import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeServices } from '@apollo/composition'
import { Supergraph } from '@apollo/federation-internals'
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { type GraphQLSchema, isInterfaceType, isObjectType, parse } from 'graphql'
import { type LoadedSupergraph, loadSupergraph } from '../../../supergraph/supergraph.ts'

interface SubgraphSpec {
  readonly name: string
  readonly typeDefs: string
}

/** By type, then by field. */
export type Resolvers = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** A graph that can be executed in this process, without HTTP. */
export interface TrialGraph {
  readonly supergraph: LoadedSupergraph
  readonly schemas: ReadonlyMap<string, GraphQLSchema>
}

/** How many plans the planner may weigh against each other: a generated operation may have thousands, all of them right. */
const MAX_PLANS = 20

/**
 * @param resolversOf of one subgraph's schema.
 * @throws AggregateError when the subgraphs do not compose.
 */
export async function buildTrialGraph(
  subgraphs: readonly SubgraphSpec[],
  resolversOf: (subgraph: string, plain: GraphQLSchema) => Resolvers,
): Promise<TrialGraph> {
  const services = subgraphs.map(({ name, typeDefs }) => ({ name, typeDefs: parse(typeDefs), url: `http://${name}` }))
  const { supergraphSdl, errors } = composeServices(services)
  if (errors) throw new AggregateError(errors, errors.map(({ message }) => message).join('\n'))
  const schemas = services.map(({ name, typeDefs }) => {
    const resolvers = resolversOf(name, buildSubgraphSchema(typeDefs))
    return [name, buildSubgraphSchema([{ typeDefs, resolvers: resolvers as never }])] as const
  })
  return { supergraph: await load(supergraphSdl), schemas: new Map(schemas) }
}

async function load(sdl: string): Promise<LoadedSupergraph> {
  const folder = await mkdtemp(join(tmpdir(), 'supergraph-'))
  try {
    const path = join(folder, 'supergraph.graphql')
    await writeFile(path, sdl)
    return await loadSupergraph(path, {})
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The same graph, planned hastily: an operation only once for all who execute it, and not in the best way there is. */
export function plannedHastily({ supergraph, schemas }: TrialGraph): TrialGraph {
  const { sdl } = supergraph
  const planner = new QueryPlanner(Supergraph.build(sdl), { debug: { maxEvaluatedPlans: MAX_PLANS } })
  const build: typeof planner.buildQueryPlan = planner.buildQueryPlan.bind(planner)
  const plans = new Map<string, QueryPlan>()
  planner.buildQueryPlan = (operation, options) => {
    const text = operation.toString()
    const plan = plans.get(text) ?? build(operation, options)
    plans.set(text, plan)
    return plan
  }
  return { supergraph: { ...supergraph, planner }, schemas }
}

/** The types of a subgraph that others may refer to. */
export function entityTypes(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .filter(({ astNode }) => astNode?.directives?.some(({ name }) => name.value === 'key'))
    .map(({ name }) => name)
}
