import { isAbsolute, join, relative } from 'node:path'
import { z } from 'zod'
import { SECRET_VARIABLES } from '../../platform/environment-files.ts'
import { page, table } from './markdown.ts'

/** Who reads variables, and the schemas of these, by name. */
export interface Reader {
  readonly name: string
  readonly variables: Readonly<Record<string, z.ZodType>>
}

/** One variable of the environment. */
interface Variable {
  readonly name: string
  readonly meaning: string
  /** As it would be written in the environment; undefined when there is none. */
  readonly fallback: string | undefined
  /** In words; undefined when the meaning says it. */
  readonly allowed: string | undefined
  readonly isRequired: boolean
  readonly readers: readonly string[]
}

const ROOT = join(import.meta.dirname, '../..')

const INTRODUCTION = `# Configuration

Everything comes from the environment and is read once, at the start. A bad or missing value stops the start with a message that
names the variable and never its value; an empty variable counts as unset. \`.env.example\` lists the same variables to copy from.

Generated from the schemas in \`gateway/config.ts\`, \`subgraphs/*/config.ts\`, \`local/config.ts\` and \`platform/environment.ts\` by
\`npm run docs\`. Do not edit.`

const FILES = `## Secrets as files

Each of these can be given as the path of a file instead, in a variable with \`_FILE\` at its end: ${SECRET_VARIABLES.map((name) => `\`${name}\``).join(', ')}. White
space around the file's text does not count. Giving both is an error.`

const SUBGRAPHS = `\`SUBGRAPH_URL_<NAME>\`, for each subgraph, is an http(s) URL that replaces the supergraph's own, such as
\`SUBGRAPH_URL_CHAT=http://chat:4002/graphql\`; the gateway reads it.`

/** The page that tells of every variable once, under whoever reads it. */
export function configurationPage(readers: readonly Reader[]): string {
  const variables = variablesOf(readers)
  const services = readers.map(({ name }) => name)
  const readBy = (names: readonly string[]) => variables.filter((variable) => isSame(variable.readers, names))
  const common = variables.filter(({ readers: names }) => names.length >= 3)
  const shared = variables.filter(({ readers: names }) => names.length === 2)
  return page([
    INTRODUCTION,
    ...part('Every process', common),
    ...part('Several processes', shared, true),
    ...services.flatMap((name) => part(name, readBy([name]))),
    '## Addresses of subgraphs',
    SUBGRAPHS,
    FILES,
  ])
}

function part(title: string, variables: readonly Variable[], tellsReaders = false): string[] {
  const head = ['Variable', 'Meaning', 'Default', 'Allowed', ...(tellsReaders ? ['Read by'] : [])]
  const rows = variables.map((variable) => [
    `\`${variable.name}\``,
    variable.meaning,
    defaultOf(variable),
    variable.allowed ?? '',
    ...(tellsReaders ? [variable.readers.join(', ')] : []),
  ])
  return rows.length === 0 ? [] : [`## ${title}`, table(head, rows)]
}

function defaultOf({ fallback, isRequired }: Variable): string {
  if (fallback !== undefined) return `\`${fallback}\``
  return isRequired ? 'required' : ''
}

function variablesOf(readers: readonly Reader[]): Variable[] {
  const found = new Map<string, Variable>()
  for (const { name: reader, variables } of readers) {
    for (const [name, schema] of Object.entries(variables)) {
      const readBefore = found.get(name)?.readers ?? []
      found.set(name, { ...describe(name, schema), readers: [...readBefore, reader] })
    }
  }
  return [...found.values()]
}

function describe(name: string, schema: z.ZodType): Omit<Variable, 'readers'> {
  const layers = [...layersOf(schema)]
  const meaning = layers.map((layer) => z.globalRegistry.get(layer)?.description).find(Boolean)
  if (!meaning) throw new Error(`${name} has no description; give its schema one with .describe(…).`)
  return {
    name,
    meaning,
    fallback: fallbackOf(layers),
    allowed: layers.map(allowedBy).find(Boolean),
    isRequired: !schema.safeParse(undefined).success,
  }
}

/** A schema, and all that it wraps, from the outside in. */
function* layersOf(schema: z.ZodType): Generator<z.ZodType> {
  yield schema
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) yield* layersOf(schema.unwrap() as z.ZodType)
  if (schema instanceof z.ZodPipe) yield* layersOf(schema.in as z.ZodType)
}

function fallbackOf(layers: readonly z.ZodType[]): string | undefined {
  const fallback = layers.find((layer) => layer instanceof z.ZodDefault)?.def.defaultValue
  if (fallback === undefined) return undefined
  const text = Array.isArray(fallback) ? fallback.join(',') : String(fallback)
  // A file of ours is where the repository is.
  return relative(ROOT, text).startsWith('..') || !isAbsolute(text) ? text || undefined : relative(ROOT, text)
}

function allowedBy(layer: z.ZodType): string | undefined {
  const { allowed } = z.globalRegistry.get(layer) ?? {}
  if (typeof allowed === 'string') return allowed
  return layer instanceof z.ZodEnum ? layer.options.map((option) => `\`${option}\``).join(', ') : undefined
}

const isSame = (some: readonly string[], others: readonly string[]) => some.join() === others.join()
