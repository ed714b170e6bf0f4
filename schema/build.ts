/**
 * Composes the subgraphs' schemas into `supergraph.graphql` and generates the types of their resolvers.
 *
 *   npm run schema              writes the generated files
 *   npm run schema -- --check   writes nothing; fails when a committed file is not what would be written
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { GraphQLError, parse, Source } from 'graphql'
import { composeSupergraph, type SubgraphSchema } from './compose.ts'
import { undescribedElements } from './descriptions.ts'
import { generateResolverTypes } from './resolver-types.ts'
import { type Subgraph, subgraphs } from './subgraphs.ts'

type GeneratedFile = { readonly path: string; readonly content: string }

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

async function write({ path, content }: GeneratedFile): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), content)
}

async function isCurrent({ path, content }: GeneratedFile): Promise<boolean> {
  const committed = await readFile(join(root, path), 'utf8').catch(() => undefined)
  return committed === content
}

async function findDrift(files: readonly GeneratedFile[]): Promise<string[]> {
  const current = await Promise.all(files.map(isCurrent))
  const drifted = files.filter((_, index) => !current[index]).map(({ path }) => path)
  if (drifted.length === 0) return []
  return [`Not what the schema generates: ${drifted.join(', ')}. Run "${repairingCommand}" and commit the result.`]
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
  if (options.check) return [...(await findDrift(files)), ...findUndescribed(schemas)]
  await Promise.all(files.map(write))
  for (const { path } of files) console.log(`wrote ${path}`)
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
