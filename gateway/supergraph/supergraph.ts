import { readFile } from 'node:fs/promises'
import { DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES, type Schema, Supergraph } from '@apollo/federation-internals'
import type { QueryPlanner } from '@apollo/query-planner'
import type { GraphQLSchema } from 'graphql'
import { ConfigurationError } from '../../platform/environment.ts'
import { Authorization, type GrantedPolicies } from '../authorization/authorization.ts'
import { RULE_SPECIFICATIONS, readRules } from '../authorization/rules.ts'
import { withoutRules } from '../authorization/strip-rules.ts'
import { BoundedPlanner } from './bounded-planner.ts'
import { type Delivery, readDelivery } from './delivery.ts'
import { ViewerIndependence } from './viewer-independence.ts'

/** A supergraph, in the forms that serving it takes. */
export interface LoadedSupergraph {
  /** As Apollo's gateway takes it: without the rules about who may see what. */
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
  /** What viewers may see; undefined when everybody may see everything. */
  readonly authorization: Authorization | undefined
}

/**
 * Reads a composed supergraph, see {@link readSupergraph} and {@link buildSupergraph}.
 *
 * @throws ConfigurationError as they do.
 */
export async function loadSupergraph(
  path: string,
  urls: Readonly<Record<string, string>>,
  policies?: GrantedPolicies,
): Promise<LoadedSupergraph> {
  return buildSupergraph(await readSupergraph(path), path, urls, policies)
}

/**
 * Makes of a supergraph's SDL what serving it takes.
 *
 * @param path where it was read, for messages.
 * @param urls addresses that replace the supergraph's own, by the subgraph's name in upper case, everything but letters and digits as `_`.
 * @param policies which policies of its rules a viewer is granted; absent: none.
 * @throws ConfigurationError when it is no supergraph that can be served, or a replaced address is of no
 * subgraph, or of several.
 */
export function buildSupergraph(
  sdl: string,
  path: string,
  urls: Readonly<Record<string, string>>,
  policies?: GrantedPolicies,
): LoadedSupergraph {
  const { supergraph, rules, ...marks } = build(sdl, path)
  const plannedSchema = supergraph.apiSchema()
  const clientSchema = plannedSchema.toGraphQLJSSchema({ includeDefer: true })
  return {
    sdl: withoutRules(sdl, supergraph.schema),
    subgraphs: locate(supergraph.subgraphsMetadata(), urls),
    clientSchema,
    plannedSchema,
    joinedSchema: supergraph.schema.toGraphQLJSSchema(),
    planner: new BoundedPlanner(supergraph),
    authorization: rules && new Authorization(rules, clientSchema, policies),
    ...marks,
  }
}

/**
 * The SDL at a path, whatever it says.
 *
 * @throws ConfigurationError when it cannot be read.
 */
export async function readSupergraph(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(
      `SUPERGRAPH: ${path} cannot be read; compose it with "npm run schema" or name another file.`,
      { cause: error },
    )
  }
}

const SUPPORTED = new Set([...DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES, ...RULE_SPECIFICATIONS])

function build(sdl: string, path: string) {
  try {
    const supergraph = Supergraph.build(sdl, { supportedFeatures: SUPPORTED })
    const viewerIndependence = new ViewerIndependence(sdl)
    return { supergraph, rules: readRules(supergraph.schema), delivery: readDelivery(supergraph), viewerIndependence }
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
    const variable = variableName(name)
    const located = urls[variable] ?? url
    if (urls[variable] !== undefined) checkUnique(variable, subgraphs)
    if (isHttp(located)) return { name, url: located }
    throw new ConfigurationError(
      `SUBGRAPH_URL_${variable}: set it to an http:// or https:// URL, the supergraph has none of ${name}.`,
    )
  })
}

/** What is sent to a subgraph, with the tokens of clients, is for that one alone. */
function checkUnique(variable: string, subgraphs: LoadedSupergraph['subgraphs']): void {
  const names = subgraphs.map(({ name }) => name).filter((name) => variableName(name) === variable)
  if (names.length === 1) return
  const all = names.join(' and ')
  const message = `it is the variable of several subgraphs, ${all}; give one of them another name.`
  throw new ConfigurationError(`SUBGRAPH_URL_${variable}: ${message}`)
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)
}

function variableName(subgraph: string): string {
  return subgraph.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}
