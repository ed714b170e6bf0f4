import type { Schema } from '@apollo/federation-internals'
import { type DirectiveNode, Kind, parse, print, visit } from 'graphql'
import { importedDirectives, specificationOf } from './rules.ts'

/**
 * A supergraph without its rules, and what they belong to: Apollo's gateway refuses one that has any.
 *
 * @param schema of the same supergraph.
 */
export function withoutRules(sdl: string, schema: Schema): string {
  const imported = importedDirectives(schema)
  if (imported.size === 0) return sdl
  const directives = new Set(imported.values())
  const specifications = [...imported.keys()].map((kind) => `${specificationOf(kind)}/`)
  const types = new Set([...imported.keys()].flatMap((kind) => typesOf(schema, kind)))
  const isLink = (directive: DirectiveNode) => {
    const url = directive.arguments?.find(({ name }) => name.value === 'url')?.value
    return url?.kind === Kind.STRING && specifications.some((specification) => url.value.startsWith(specification))
  }
  const document = visit(parse(sdl, { noLocation: true }), {
    DirectiveDefinition: ({ name }) => (directives.has(name.value) ? null : undefined),
    ScalarTypeDefinition: ({ name }) => (types.has(name.value) ? null : undefined),
    Directive: (directive) => (directives.has(directive.name.value) || isLink(directive) ? null : undefined),
  })
  return print(document)
}

function typesOf(schema: Schema, kind: Parameters<typeof specificationOf>[0]): string[] {
  const feature = schema.coreFeatures?.getByIdentity(specificationOf(kind))
  return feature ? ['Scope', 'Policy'].map((name) => feature.typeNameInSchema(name)) : []
}
