import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ConfigurationError } from '../../platform/environment.ts'
import { sha256 } from './document-reader.ts'

/** One document of a manifest. */
export interface ManifestEntry {
  /** What clients call it by. */
  readonly id: string
  /** What people call it by. */
  readonly name: string
  readonly source: string
}

/** What `@apollo/generate-persisted-query-manifest` writes. */
const apolloManifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string().min(1), name: z.string().optional(), body: z.string().min(1) })),
})

const plainManifest = z.record(z.string(), z.string().min(1))

/**
 * Reads a manifest: Apollo's `apollo-persisted-query-manifest`, or a JSON object whose keys are the SHA-256 of its values.
 *
 * @throws ConfigurationError when there is no such manifest at the path.
 */
export async function readManifest(path: string): Promise<readonly ManifestEntry[]> {
  const entries = entriesOf(await readJson(path), path)
  if (entries.length === 0) throw new ConfigurationError(`TRUSTED_DOCUMENTS: ${path} names no document.`)
  const ids = new Set<string>()
  for (const { id } of entries) {
    if (ids.has(id)) throw new ConfigurationError(`TRUSTED_DOCUMENTS: ${path} has the id ${id} twice.`)
    ids.add(id)
  }
  return entries
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    const what = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new ConfigurationError(`TRUSTED_DOCUMENTS: ${path} ${what}.`, { cause })
  }
}

function entriesOf(manifest: unknown, path: string): ManifestEntry[] {
  const apollo = apolloManifest.safeParse(manifest)
  if (apollo.success)
    return apollo.data.operations.map(({ id, name, body }) => ({ id, name: name ?? id, source: body }))
  const plain = plainManifest.safeParse(manifest)
  if (!plain.success) {
    throw new ConfigurationError(
      `TRUSTED_DOCUMENTS: ${path} is neither an apollo-persisted-query-manifest of version 1 nor an object of documents by their SHA-256.`,
    )
  }
  const entries = Object.entries(plain.data).map(([id, source]) => ({ id, name: id, source }))
  const wrong = entries.filter(({ id, source }) => sha256(source) !== id)
  if (wrong.length === 0) return entries
  throw new ConfigurationError(
    wrong.map(({ id }) => `TRUSTED_DOCUMENTS: the document ${id}: its key is not the SHA-256 of it.`),
  )
}
