import { AsyncLocalStorage } from 'node:async_hooks'
import { type DocumentNode, GraphQLError, getOperationAST, type OperationDefinitionNode } from 'graphql'
import { BadUserInputError } from '../../platform/errors.ts'
import type { CacheRequests } from '../cache-requests.ts'
import { checkCost, costOf, type OperationToRun } from './cost-limit.ts'
import { DocumentCache, type KnownDocument } from './document-cache.ts'
import { asRequestError, type ReadingRules, readDocument, sha256 } from './document-reader.ts'
import { PersistedQueryNotFoundError, persistedQueryId } from './persisted-queries.ts'
import type { TrustedDocuments } from './trusted-documents.ts'
import { checkInput } from './variable-limits.ts'

/** What a client sent. */
export interface OperationRequest {
  /** Absent or empty: `extensions.persistedQuery` names it. */
  readonly query?: string | undefined
  readonly operationName?: string | null | undefined
  /** As JSON gives them, not looked at yet. */
  readonly variables: unknown
  /** The same. */
  readonly extensions?: unknown
}

/** A document that may run, and the operation to run. */
export interface AcceptedOperation {
  /** Of the document, whether the client sent it or named it. */
  readonly source: string
  /** The SHA-256 of the source, in hexadecimal. */
  readonly hash: string
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  /** Of this operation with these variables, see {@link costOf}. */
  readonly cost: number
}

/** The same, or why it may not. */
export type ReadOperation =
  | (AcceptedOperation & { readonly errors?: never })
  | { readonly errors: readonly GraphQLError[] }

/**
 * Finds or reads clients' documents, once each, and looks at what each request costs. It is also the document store of
 * Apollo Server, which is given here the document of the operation that it runs, however large, and no other: what it
 * would parse by itself nobody has measured.
 */
export class OperationDocuments {
  readonly #rules: ReadingRules
  readonly #trusted: TrustedDocuments | undefined
  readonly #documents = new DocumentCache()
  readonly #requests: CacheRequests | undefined
  /** Of operations without variables, which cost the same each time. */
  readonly #costs = new WeakMap<OperationDefinitionNode, number>()
  readonly #running = new AsyncLocalStorage<KnownDocument>()

  /**
   * @param options.trusted the only documents that may run; absent: all valid ones.
   * @param options.requests are told how often a document had been read before.
   */
  constructor({
    trusted,
    requests,
    ...rules
  }: ReadingRules & {
    readonly trusted?: TrustedDocuments | undefined
    readonly requests?: CacheRequests | undefined
  }) {
    this.#requests = requests
    this.#rules = rules
    this.#trusted = trusted
  }

  /** Never throws. */
  read({ query, operationName, variables, extensions }: OperationRequest): ReadOperation {
    try {
      checkInput(variables, 'variables')
      checkInput(extensions, 'extensions')
      const known = this.#find(query || undefined, persistedQueryId(extensions))
      if (!('document' in known)) return { errors: known }
      const { source, hash, document } = known
      const operation = getOperationAST(document, operationName)
      if (!operation) return { errors: [noOperation(operationName)] }
      return { source, hash, document, operation, cost: this.#check({ document, operation, variables }) }
    } catch (error) {
      return { errors: [asRequestError(error)] }
    }
  }

  /** The document of a source, whatever its operations cost; undefined when it may not run. */
  accept(source: string): DocumentNode | undefined {
    try {
      const known = this.#find(source, undefined)
      return 'document' in known ? known.document : undefined
    } catch {
      return undefined
    }
  }

  /** What an operation of an accepted document costs. */
  costOf(request: OperationToRun): number {
    return costOf(this.#rules.schema, request)
  }

  /** Runs an operation that was accepted: in it alone Apollo Server is given its document. */
  during<Result>(accepted: AcceptedOperation, run: () => Result): Result {
    return this.#running.run(accepted, run)
  }

  /**
   * For Apollo Server alone.
   *
   * @param key ends in the SHA-256 of the document's source, in hexadecimal.
   * @throws Error when the document is not that of the operation which runs.
   */
  async get(key: string): Promise<DocumentNode> {
    const running = this.#running.getStore()
    if (!running || !key.endsWith(running.hash)) throw new Error('A document is to run that was not accepted for it.')
    return running.document
  }

  async set(): Promise<void> {}

  async delete(): Promise<void> {}

  #check(request: OperationToRun): number {
    const { schema, limits } = this.#rules
    const { operation } = request
    const known = this.#costs.get(operation)
    if (known !== undefined) return known
    const cost = checkCost(schema, request, limits.cost)
    if (!operation.variableDefinitions?.length) this.#costs.set(operation, cost)
    return cost
  }

  #find(source: string | undefined, id: string | undefined): KnownDocument | readonly GraphQLError[] {
    if (source === undefined && id === undefined) throw new BadUserInputError('Send a document as `query`.')
    if (this.#trusted) return this.#trusted.find(source, id)
    if (source !== undefined) return this.#readOnce(source, id)
    const known = this.#known((id ?? '').toLowerCase())
    if (!known) throw new PersistedQueryNotFoundError()
    return known
  }

  #known(hash: string): KnownDocument | undefined {
    const known = this.#documents.use(hash)
    this.#requests?.[known ? 'hit' : 'miss']()
    return known
  }

  #readOnce(source: string, id: string | undefined): KnownDocument | readonly GraphQLError[] {
    const hash = sha256(source)
    if (id !== undefined && id.toLowerCase() !== hash) {
      throw new BadUserInputError('`extensions.persistedQuery.sha256Hash` is not the SHA-256 of the document.')
    }
    const known = this.#known(hash)
    if (known) return known
    const read = readDocument(source, hash, this.#rules)
    if ('document' in read) this.#documents.add(read)
    return read
  }
}

function noOperation(name: string | null | undefined): GraphQLError {
  return new GraphQLError(
    name
      ? `The document has no operation named "${name.slice(0, 64)}".`
      : 'The document has no operation, or several: name the one to run in `operationName`.',
  )
}
