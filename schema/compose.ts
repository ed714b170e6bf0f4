import { composeServices } from '@apollo/composition'
import type { DocumentNode } from 'graphql'
import type { Subgraph } from './subgraphs.ts'

export type SubgraphSchema = { readonly subgraph: Subgraph; readonly document: DocumentNode }

/** The subgraphs do not fit together by the rules of Apollo Federation 2; the message has a line for each conflict. */
export class CompositionError extends Error {
  readonly code = 'COMPOSITION_FAILED'

  constructor(conflicts: readonly string[]) {
    super(['The subgraphs do not compose:', ...conflicts.map((conflict) => `  ${conflict}`)].join('\n'))
    this.name = 'CompositionError'
  }
}

/** Composes the subgraphs into the SDL that a gateway loads. The same input gives the same text, byte for byte. */
export function composeSupergraph(schemas: readonly SubgraphSchema[]): string {
  const services = schemas.map(({ subgraph, document }) => ({
    name: subgraph.name,
    url: subgraph.url,
    typeDefs: document,
  }))
  const composition = composeServices(services)
  if (composition.errors) {
    throw new CompositionError(
      composition.errors.map((error) => `${String(error.extensions.code ?? 'INVALID_GRAPHQL')}: ${error.message}`),
    )
  }
  return `${composition.supergraphSdl.trimEnd()}\n`
}
