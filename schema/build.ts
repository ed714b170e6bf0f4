/**
 * Composes the subgraphs' schemas into `supergraph.graphql` and generates the types of their resolvers.
 *
 *   npm run schema              writes the generated files
 *   npm run schema -- --check   writes nothing; fails when a committed file is not what would be written
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GraphQLError, parse, Source } from 'graphql'
import { composeSupergraph, type SubgraphSchema } from './compose.ts'
import { undescribedElements } from './descriptions.ts'
import { findDrift, type GeneratedFile, writeFiles } from './generated-files.ts'
import { generateResolverTypes } from './resolver-types.ts'
import { type Subgraph, subgraphs } from './subgraphs.ts'

const root = join(import.meta.dirname, '..')
const supergraphPath = 'schema/supergraph.graphql'
const repairingCommand = 'npm run schema'

async function readSchema(subgraph: Subgraph): Promise<SubgraphSchema> {
  const text = await readFile(join(root, subgraph.schemaPath), 'utf8')
  return { subgraph, document: parse(new Source(text, subgraph.schemaPath)) }
}

async function generateFiles(schemas: readonly SubgraphSchema[]): Promise<GeneratedFile[]> {
  const sources = schemas.map(({ subgraph }) => subgraph.schemaPath).join(' and ')
  const supergraph = { path: supergraphPath, content: `# ${generatedFrom(sources)}\n\n${composeSupergraph(schemas)}` }
  const resolverTypes = schemas.map(async (schema) => ({
    path: schema.subgraph.resolverTypesPath,
    content: `// ${generatedFrom(schema.subgraph.schemaPath)}\n\n${await generateResolverTypes(schema)}`,
  }))
  return [supergraph, ...(await Promise.all(resolverTypes))]
}

function generatedFrom(sources: string): string {
  return `Generated from ${sources} by schema/build.ts. Do not edit: change the source, then run "${repairingCommand}".`
}

function findUndescribed(schemas: readonly SubgraphSchema[]): string[] {
  return schemas.flatMap(({ subgraph, document }) => {
    const coordinates = undescribedElements(document)
    if (coordinates.length === 0) return []
    const list = coordinates.map((coordinate) => `\n  ${coordinate}`).join('')
    return [`${subgraph.schemaPath}: ${coordinates.length} elements have no description:${list}`]
  })
}

async function build(): Promise<string[]> {
  const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
  const schemas = await Promise.all(subgraphs.map(readSchema))
  const files = await generateFiles(schemas)
  if (options.check) return [...(await findDrift(files, 'the schema', repairingCommand)), ...findUndescribed(schemas)]
  await writeFiles(files)
  return findUndescribed(schemas)
}

function explain(error: unknown): string {
  if (error instanceof GraphQLError) return error.toString()
  if (error instanceof Error && 'code' in error) return error.message
  throw error
}

const problems = await build().catch((error: unknown) => [explain(error)])
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
