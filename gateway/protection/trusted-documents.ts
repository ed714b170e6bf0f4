import type { GraphQLError, OperationDefinitionNode } from 'graphql'
import { ConfigurationError } from '../../platform/environment.ts'
import { ApplicationError } from '../../platform/errors.ts'
import { checkCost } from './cost-limit.ts'
import type { KnownDocument } from './document-cache.ts'
import { asRequestError, type ReadingRules, readDocument, sha256 } from './document-reader.ts'
import { operationsOf } from './operations-of.ts'
import type { Refusing } from './refusals.ts'
import { type ManifestEntry, readManifest } from './trusted-manifest.ts'

/** A request asks for a document that is not one of those that may run, or names none of them. */
class DocumentNotTrustedError extends ApplicationError implements Refusing {
  override readonly name = 'DocumentNotTrustedError'
  readonly refusal = 'trusted_documents'

  constructor() {
    super('DOCUMENT_NOT_TRUSTED', 'Only trusted documents run here, and this is none of them: add it to the manifest.')
  }
}

/** The documents of a manifest: while there is one, the only ones that run. */
export class TrustedDocuments {
  readonly #byId = new Map<string, KnownDocument>()
  readonly #byHash = new Map<string, KnownDocument>()

  /** @param documents all that may run, by their ids. */
  constructor(documents: Iterable<readonly [id: string, KnownDocument]>) {
    for (const [id, known] of documents) {
      this.#byId.set(id, known)
      this.#byHash.set(known.hash, known)
    }
  }

  /**
   * @param source of the document, if the client sent it.
   * @param id of the document in the manifest, if the client named it; its SHA-256 is one in any case.
   * @throws DocumentNotTrustedError when there is no such document, or these are two.
   */
  find(source: string | undefined, id: string | undefined): KnownDocument {
    const named = id === undefined ? undefined : (this.#byId.get(id) ?? this.#byHash.get(id))
    const sent = source === undefined ? named : this.#byHash.get(sha256(source))
    if (!sent || (id !== undefined && sent.hash !== named?.hash)) throw new DocumentNotTrustedError()
    return sent
  }
}

/**
 * Reads a manifest and its documents, each of which must be valid and within the limits; introspection is allowed to
 * those that are in it. What an operation costs is looked at here where it has no variables, else at each request.
 *
 * @throws ConfigurationError that says of every document what is wrong with it.
 */
export async function loadTrustedDocuments(path: string, rules: ReadingRules): Promise<TrustedDocuments> {
  const entries = await readManifest(path)
  const complaints: string[] = []
  const documents: [string, KnownDocument][] = []
  for (const entry of entries) {
    const read = readTrusted(entry, { ...rules, production: false })
    if ('document' in read) documents.push([entry.id, read])
    else complaints.push(...read.map(({ message }) => `TRUSTED_DOCUMENTS: the document ${entry.name}: ${message}`))
  }
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  return new TrustedDocuments(documents)
}

function readTrusted({ source }: ManifestEntry, rules: ReadingRules): KnownDocument | readonly GraphQLError[] {
  const known = readDocument(source, sha256(source), rules)
  if (!('document' in known)) return known
  const { document } = known
  try {
    for (const operation of operationsOf(document).filter(isConstant)) {
      checkCost(rules.schema, { document, operation, variables: undefined }, rules.limits.cost)
    }
    return known
  } catch (error) {
    return [asRequestError(error)]
  }
}

function isConstant({ variableDefinitions = [] }: OperationDefinitionNode): boolean {
  return variableDefinitions.length === 0
}
