import { codegen } from '@graphql-codegen/core'
import * as typescript from '@graphql-codegen/typescript'
import * as typescriptResolvers from '@graphql-codegen/typescript-resolvers'
import { type DefinitionNode, Kind } from 'graphql'
import type { SubgraphSchema } from './compose.ts'

const settings = {
  federation: true,
  disableFederationDirectiveAndScalarInjection: true,
  enumsAsTypes: true,
  useTypeImports: true,
  strictScalars: true,
  scalars: { ID: 'string', DateTime: 'Date', Cursor: 'string', UUID: 'string', URL: 'string' },
  // A resolver may leave a nullable field undefined; a client's input is a value, null or absent.
  maybeValue: 'T | null | undefined',
  inputMaybeValue: 'T | null',
  makeResolverTypeCallable: true,
  resolversNonOptionalTypename: { interfaceImplementingType: true, unionMember: true },
  mapperTypeSuffix: 'Entity',
}

/** Places where the generator writes `any`, and the types that keep the checker awake there. */
const stricterTypes: ReadonlyArray<readonly [loose: string, strict: string]> = [
  ['SubscriptionSubscribeFn<any, ', 'SubscriptionSubscribeFn<TResult, '],
  ['SubscriptionResolveFn<TResult, any, ', 'SubscriptionResolveFn<TResult, TResult, '],
  // One form is enough: a subscription's source yields what its field returns.
  ['  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)\n', ''],
  ['  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>\n', ''],
  ['SubscriptionObject<TResult, TKey extends', 'SubscriptionObject<TResult, _TKey extends'],
  ["'], any> {", "'], unknown> {"],
]

/** Generates the resolver types of one subgraph: TypeScript that survives type stripping and knows its entities. */
export async function generateResolverTypes({ subgraph, document }: SubgraphSchema): Promise<string> {
  const generated = await codegen({
    filename: subgraph.resolverTypesPath,
    schema: { ...document, definitions: document.definitions.filter(hasResolverTypes) },
    documents: [],
    plugins: [{ typescript: {} }, { typescriptResolvers: {} }],
    pluginMap: { typescript, typescriptResolvers },
    config: { ...settings, contextType: subgraph.context, mappers: { ...subgraph.entities } },
  })
  return `${stricterTypes.reduce((text, [loose, strict]) => text.replaceAll(loose, strict), generated).trimEnd()}\n`
}

/** Directives and `@link`s are the gateway's business; resolvers never see them. */
function hasResolverTypes(definition: DefinitionNode): boolean {
  return definition.kind !== Kind.DIRECTIVE_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION
}
