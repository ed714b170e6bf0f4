import { createHash } from 'node:crypto'
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { ApplicationError, BadUserInputError } from '../../platform/errors.ts'
import { asGraphQLError } from '../../platform/graphql-errors.ts'
import { LruCache } from './lru-cache.ts'

/** All documents together, in characters; a parsed document takes about a hundred times as many bytes. */
const MAX_CACHED_CHARACTERS = 500_000

/** A document that may run, and the operation to run; or why it may not. */
export type ReadOperation =
  | { readonly document: DocumentNode; readonly operation: OperationDefinitionNode; readonly errors?: never }
  | { readonly errors: readonly GraphQLError[] }

/**
 * Parses and validates clients' documents, once each. It is also the document store of Apollo Server, which then finds
 * every document here and does not validate by itself: graphql 16's `validate` throws on some malformed subscriptions,
 * which there would end as a masked error and on a socket as the end of the socket.
 */
export class OperationDocuments {
  readonly #schema: GraphQLSchema
  readonly #maxTokens: number
  readonly #production: boolean
  readonly #documents = new LruCache<DocumentNode>(MAX_CACHED_CHARACTERS)

  /** @param options.production refuses introspection, and keeps the schema's names out of error messages. */
  constructor(options: { schema: GraphQLSchema; maxTokens: number; production: boolean }) {
    this.#schema = options.schema
    this.#maxTokens = options.maxTokens
    this.#production = options.production
  }

  read(source: string, operationName?: string | null): ReadOperation {
    const key = createHash('sha256').update(source).digest('hex')
    const document = this.#documents.get(key) ?? this.#accept(source)
    if (!('kind' in document)) return { errors: document }
    this.#documents.set(key, document, source.length)
    const operation = getOperationAST(document, operationName)
    return operation ? { document, operation } : { errors: [noOperation(operationName)] }
  }

  /** @param key ends in the SHA-256 of the document's source, in hexadecimal. */
  async get(key: string): Promise<DocumentNode | undefined> {
    return this.#documents.get(key.slice(-64))
  }

  async set(): Promise<void> {}

  async delete(): Promise<void> {}

  #accept(source: string): DocumentNode | readonly GraphQLError[] {
    const rules = this.#production ? [...specifiedRules, NoSchemaIntrospectionCustomRule] : specifiedRules
    try {
      const document = parse(source, { maxTokens: this.#maxTokens })
      const errors = validate(this.#schema, document, rules, { maxErrors: 20, hideSuggestions: this.#production })
      return errors.length > 0 ? errors : document
    } catch (error) {
      return [asRequestError(error)]
    }
  }
}

function asRequestError(error: unknown): GraphQLError {
  if (!(error instanceof GraphQLError)) return asGraphQLError(new BadUserInputError('The document is malformed.'))
  const hasTooManyTokens = /^Syntax Error: Document contains more tha[nt] \d+ tokens/.test(error.message)
  return hasTooManyTokens ? asGraphQLError(new ApplicationError('OPERATION_TOO_EXPENSIVE', error.message)) : error
}

function noOperation(name: string | null | undefined): GraphQLError {
  return new GraphQLError(
    name
      ? `The document has no operation named "${name.slice(0, 64)}".`
      : 'The document has no operation, or several: name the one to run in `operationName`.',
  )
}
