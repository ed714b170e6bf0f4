import { type DocumentNode, type GraphQLError, type GraphQLSchema, parse, validate } from 'graphql'
import { ApplicationError, BadUserInputError } from '../errors.ts'
import { asGraphQLError } from '../graphql-errors.ts'
import { LruCache } from '../lru-cache.ts'
import { type EventDependencies, readEventDependencies } from './viewer-independence.ts'

/**
 * The most tokens of a document, over HTTP and sockets alike: a few times a client's limit, because a gateway asks for
 * more than its client wrote, keys, and fragments written out.
 */
export const MAX_TOKENS = 20_000

/** All documents together, in characters; a parsed document takes about a hundred times as many bytes. */
const MAX_CACHED_CHARACTERS = 500_000

/** A document that is valid. */
export interface OperationDocument extends EventDependencies {
  readonly document: DocumentNode
  /** Two documents with the same number have the same text. */
  readonly serial: number
}

/** Parses and validates documents once each, as long as they are among those that were used most recently. */
export class OperationDocuments {
  readonly #schema: GraphQLSchema
  /** By text. */
  readonly #known = new LruCache<OperationDocument>(MAX_CACHED_CHARACTERS)
  #serial = 0

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  /**
   * The document of this text, or what is wrong with it.
   *
   * @throws GraphQLError when the text cannot be parsed.
   */
  read(text: string): OperationDocument | readonly GraphQLError[] {
    const known = this.#known.get(text)
    if (known) return known
    const read = this.#parse(text)
    if ('serial' in read) this.#known.set(text, read, text.length)
    return read
  }

  #parse(text: string): OperationDocument | readonly GraphQLError[] {
    const document = parse(text, { maxTokens: MAX_TOKENS })
    const complaints = validateGuarded(this.#schema, document)
    if (complaints.length > 0) return complaints
    this.#serial += 1
    return { document, serial: this.#serial, ...readEventDependencies(this.#schema, document) }
  }
}

/** graphql 16's validate() throws on some malformed subscriptions, which would close the socket for everybody on it. */
function validateGuarded(...args: Parameters<typeof validate>): readonly GraphQLError[] {
  try {
    return validate(...args)
  } catch (error) {
    return [
      asGraphQLError(error instanceof ApplicationError ? error : new BadUserInputError('The operation is malformed.')),
    ]
  }
}
