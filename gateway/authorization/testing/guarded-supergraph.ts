import { composeServices } from '@apollo/composition'
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals'
import { type DocumentNode, type FragmentDefinitionNode, Kind, type OperationDefinitionNode, parse } from 'graphql'
import type { Viewer } from '../../../platform/access-token.ts'
import { newUuid } from '../../../platform/ids.ts'

const LINK = `
  extend schema @link(
    url: "https://specs.apollo.dev/federation/v2.9"
    import: ["@key", "@shareable", "@inaccessible", "@interfaceObject", "@authenticated", "@requiresScopes", "@policy"]
  )`

/**
 * A supergraph of subgraphs with these types; what composition refuses, edits of its SDL add.
 *
 * @param isLinked whether the types need to be given what they link to.
 */
export function guardedSupergraph(
  typeDefs: readonly string[],
  edit: (sdl: string) => string = (sdl) => sdl,
  isLinked = true,
) {
  const services = typeDefs.map((types, index) => ({
    name: `s${index}`,
    url: `http://s${index}.invalid/graphql`,
    typeDefs: parse(isLinked ? LINK + types : types),
  }))
  const { supergraphSdl, errors } = composeServices(services)
  if (errors) throw new AggregateError(errors, errors.join('\n'))
  const sdl = edit(supergraphSdl)
  const supergraph = Supergraph.build(sdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
  return { sdl, supergraph, clientSchema: supergraph.apiSchema().toGraphQLJSSchema() }
}

/** Somebody signed in with these scopes. */
export function viewerWith(...scope: string[]): Viewer {
  const expiresAt = new Date('2100-01-01T00:00:00Z')
  return { userId: newUuid(), sessionId: newUuid(), tokenVersion: 0, scope: new Set(scope), expiresAt }
}

/** The only operation of a document, and its fragments. */
export function partsOf(document: DocumentNode): {
  operation: OperationDefinitionNode
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
} {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const it of document.definitions) if (it.kind === Kind.FRAGMENT_DEFINITION) fragments.set(it.name.value, it)
  const operation = document.definitions.find((it) => it.kind === Kind.OPERATION_DEFINITION)
  if (!operation) throw new Error('There is no operation.')
  return { operation, fragments }
}
