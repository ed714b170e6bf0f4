import { readFile } from 'node:fs/promises'
import { type Schema, Supergraph } from '@apollo/federation-internals'
import { QueryPlanner } from '@apollo/query-planner'
import type { GraphQLSchema } from 'graphql'
import { ConfigurationError } from '../../platform/environment.ts'
import { type Delivery, readDelivery } from './delivery.ts'
import { ViewerIndependence } from './viewer-independence.ts'

/** A supergraph, in the forms that serving it takes. */
export interface LoadedSupergraph {
  readonly sdl: string
  /** Every subgraph and where it is. */
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[]
  /** What clients see: for graphql-js, and for the planner. */
  readonly clientSchema: GraphQLSchema
  readonly plannedSchema: Schema
  /** All of it, with what joins the subgraphs. */
  readonly joinedSchema: GraphQLSchema
  readonly planner: QueryPlanner
  /** How subscriptions go on after a lost connection, by the name of the root field; the others end. */
  readonly delivery: ReadonlyMap<string, Delivery>
  /** Which fields are the same for every viewer. */
  readonly viewerIndependence: ViewerIndependence
}

/**
 * Reads a composed supergraph.
 *
 * @param urls addresses that replace the supergraph's own, by the subgraph's name in upper case, everything but letters and digits as `_`.
 * @throws ConfigurationError when there is no usable supergraph at the path, or a replaced address is of no subgraph.
 */
export async function loadSupergraph(path: string, urls: Readonly<Record<string, string>>): Promise<LoadedSupergraph> {
  const sdl = await readSdl(path)
  const { supergraph, ...marks } = build(sdl, path)
  const plannedSchema = supergraph.apiSchema()
  return {
    sdl,
    subgraphs: locate(supergraph.subgraphsMetadata(), urls),
    clientSchema: plannedSchema.toGraphQLJSSchema(),
    plannedSchema,
    joinedSchema: supergraph.schema.toGraphQLJSSchema(),
    planner: new QueryPlanner(supergraph),
    ...marks,
  }
}

async function readSdl(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(
      `SUPERGRAPH: ${path} cannot be read; compose it with "npm run schema" or name another file.`,
      { cause: error },
    )
  }
}

function build(sdl: string, path: string) {
  try {
    const supergraph = Supergraph.build(sdl)
    return { supergraph, delivery: readDelivery(supergraph), viewerIndependence: new ViewerIndependence(sdl) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError(`SUPERGRAPH: ${path} is not a supergraph that can be served: ${reason}`, {
      cause: error,
    })
  }
}

function locate(subgraphs: LoadedSupergraph['subgraphs'], urls: Readonly<Record<string, string>>) {
  const names = subgraphs.map(({ name }) => variableName(name))
  for (const name of Object.keys(urls)) {
    if (names.includes(name)) continue
    throw new ConfigurationError(`SUBGRAPH_URL_${name}: there is no such subgraph; there are ${names.join(', ')}.`)
  }
  return subgraphs.map(({ name, url }) => {
    const located = urls[variableName(name)] ?? url
    if (URL.canParse(located)) return { name, url: located }
    throw new ConfigurationError(
      `SUBGRAPH_URL_${variableName(name)}: set it, the supergraph has no address of ${name}.`,
    )
  })
}

function variableName(subgraph: string): string {
  return subgraph.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}
