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
import { BadUserInputError } from '../../platform/errors.ts'
import { asGraphQLError } from '../../platform/graphql-errors.ts'
import { LruCache } from '../../platform/lru-cache.ts'
import { checkAliases } from './alias-limit.ts'
import { checkCost } from './cost-limit.ts'
import { checkDepth } from './depth-limit.ts'
import { LimitExceededError } from './limit-exceeded-error.ts'
import { checkListLiterals } from './list-limit.ts'
import { checkRootFields } from './root-field-limit.ts'
import { checkSelections } from './selection-limit.ts'
import { checkVariables } from './variable-limits.ts'

/** All documents together, in characters; a parsed document takes about a hundred times as many bytes. */
const MAX_CACHED_CHARACTERS = 500_000

/** How large one operation may be. */
export interface DocumentLimits {
  /** Of its whole document. */
  readonly tokens: number
  /** Of fields in one another, introspection apart. */
  readonly depth: number
  readonly aliases: number
  readonly rootFields: number
  /** In objects, with the pages that the variables ask for. */
  readonly cost: number
}

/** What a client sent. */
export interface OperationRequest {
  readonly query: string
  readonly operationName?: string | null | undefined
  /** As JSON gives them, not looked at yet. */
  readonly variables: unknown
}

/** A document that may run, and the operation to run. */
export interface AcceptedOperation {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
}

/** The same, or why it may not. */
export type ReadOperation =
  | (AcceptedOperation & { readonly errors?: never })
  | { readonly errors: readonly GraphQLError[] }

/**
 * Parses, measures and validates clients' documents, once each, and looks at what each request costs. It is also the document store of Apollo Server, which
 * then finds every document here and does not validate by itself: graphql 16's `validate` throws on some malformed
 * subscriptions, which there would end as a masked error and on a socket as the end of the socket.
 */
export class OperationDocuments {
  readonly #schema: GraphQLSchema
  readonly #limits: DocumentLimits
  readonly #production: boolean
  readonly #documents = new LruCache<DocumentNode>(MAX_CACHED_CHARACTERS)

  /** @param options.production refuses introspection, and keeps the schema's names out of error messages. */
  constructor(options: { schema: GraphQLSchema; limits: DocumentLimits; production: boolean }) {
    this.#schema = options.schema
    this.#limits = options.limits
    this.#production = options.production
  }

  read({ query, operationName, variables }: OperationRequest): ReadOperation {
    try {
      checkVariables(variables)
      const key = createHash('sha256').update(query).digest('hex')
      const document = this.#documents.get(key) ?? this.#accept(query)
      if (!('kind' in document)) return { errors: document }
      this.#documents.set(key, document, query.length)
      const operation = getOperationAST(document, operationName)
      if (!operation) return { errors: [noOperation(operationName)] }
      checkCost(this.#schema, { document, operation, variables }, this.#limits.cost)
      return { document, operation }
    } catch (error) {
      return { errors: [asRequestError(error)] }
    }
  }

  /** @param key ends in the SHA-256 of the document's source, in hexadecimal. */
  async get(key: string): Promise<DocumentNode | undefined> {
    return this.#documents.get(key.slice(-64))
  }

  async set(): Promise<void> {}

  async delete(): Promise<void> {}

  /** Measures before it validates: what validation costs has no bound of its own. */
  #accept(source: string): DocumentNode | readonly GraphQLError[] {
    const document = parse(source, { maxTokens: this.#limits.tokens })
    checkSize(document, this.#limits)
    const rules = this.#production ? [...specifiedRules, NoSchemaIntrospectionCustomRule] : specifiedRules
    const errors = validate(this.#schema, document, rules, { maxErrors: 20, hideSuggestions: this.#production })
    return errors.length > 0 ? errors : document
  }
}

function checkSize(document: DocumentNode, limits: DocumentLimits): void {
  checkSelections(document)
  checkDepth(document, limits.depth)
  checkAliases(document, limits.aliases)
  checkRootFields(document, limits.rootFields)
  checkListLiterals(document)
}

function asRequestError(error: unknown): GraphQLError {
  if (error instanceof LimitExceededError) return asGraphQLError(error)
  // What overflows the stack is not malformed, but has too many levels.
  if (error instanceof RangeError) return asGraphQLError(new LimitExceededError('The operation is nested too deep.'))
  if (!(error instanceof GraphQLError)) return asGraphQLError(new BadUserInputError('The document is malformed.'))
  const hasTooManyTokens = /^Syntax Error: Document contains more tha[nt] \d+ tokens/.test(error.message)
  return hasTooManyTokens ? asGraphQLError(new LimitExceededError(error.message)) : error
}

function noOperation(name: string | null | undefined): GraphQLError {
  return new GraphQLError(
    name
      ? `The document has no operation named "${name.slice(0, 64)}".`
      : 'The document has no operation, or several: name the one to run in `operationName`.',
  )
}
