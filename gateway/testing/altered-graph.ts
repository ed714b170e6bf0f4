import { rename, writeFile } from 'node:fs/promises'
import type { ToyGateway } from './start-toy-gateway.ts'
import { compose, type ToySubgraph } from './toy-subgraph.ts'

/** What is changed of a subgraph, in the eyes of the gateway. */
export interface Alteration {
  readonly name?: string
  readonly url?: string
  /** Of its types: what is found first is replaced. */
  readonly replace?: readonly [found: string, by: string]
}

/** A supergraph in which subgraphs look otherwise than they are; undefined leaves one out. */
export function alteredSdl(
  { graph }: ToyGateway,
  alterations: { readonly reviews?: Alteration; readonly users?: Alteration | undefined },
): string {
  const isAlone = 'users' in alterations && !alterations.users
  const reviews = altered(graph.reviews, alterations.reviews)
  return compose(isAlone ? [reviews] : [reviews, altered(graph.users, alterations.users)])
}

/** Puts another supergraph in the place of the one that the gateway serves, as a deployment would. */
export async function replaceSupergraph({ supergraph }: ToyGateway, sdl: string): Promise<void> {
  await writeFile(`${supergraph}.next`, sdl)
  await rename(`${supergraph}.next`, supergraph)
}

function altered({ name, url, typeDefs }: ToySubgraph, { replace, ...others }: Alteration = {}) {
  if (replace && !typeDefs.includes(replace[0])) throw new Error(`There is no "${replace[0]}" in ${name}.`)
  return { name, url, typeDefs: replace ? typeDefs.replace(...replace) : typeDefs, ...others }
}
