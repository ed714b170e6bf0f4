import { hash } from 'node:crypto'
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { ApplicationError, BadUserInputError } from '../../platform/errors.ts'
import { asGraphQLError } from '../../platform/graphql-errors.ts'
import { checkAliases } from './alias-limit.ts'
import { DEFER_RULES } from './defer-rules.ts'
import { checkDepth } from './depth-limit.ts'
import type { KnownDocument } from './document-cache.ts'
import { LimitExceededError } from './limit-exceeded-error.ts'
import { checkListLiterals } from './list-limit.ts'
import { reservedAliases } from './reserved-aliases.ts'
import { checkRootFields } from './root-field-limit.ts'
import { checkSelections } from './selection-limit.ts'

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

/** What documents are read against. */
export interface ReadingRules {
  readonly schema: GraphQLSchema
  readonly limits: DocumentLimits
  /** Refuses introspection, and keeps the schema's names out of error messages. */
  readonly production: boolean
}

/**
 * Parses, measures and validates a document; measures first, because what validation costs has no bound of its own.
 *
 * @returns the document, or everything that is wrong with it.
 */
export function readDocument(
  source: string,
  sourceHash: string,
  { schema, limits, production }: ReadingRules,
): KnownDocument | readonly GraphQLError[] {
  try {
    const document = parse(source, { maxTokens: limits.tokens })
    checkSize(document, limits)
    const rules = [
      ...specifiedRules,
      ...DEFER_RULES,
      reservedAliases,
      ...(production ? [NoSchemaIntrospectionCustomRule] : []),
    ]
    const errors = validate(schema, document, rules, { maxErrors: 20, hideSuggestions: production })
    return errors.length > 0 ? errors : { source, hash: sourceHash, document }
  } catch (error) {
    return [asDocumentError(error)]
  }
}

/** In hexadecimal, as clients name documents by it. */
export function sha256(source: string): string {
  return hash('sha256', source, 'hex')
}

function checkSize(document: DocumentNode, limits: DocumentLimits): void {
  checkSelections(document)
  checkDepth(document, limits.depth)
  checkAliases(document, limits.aliases)
  checkRootFields(document, limits.rootFields)
  checkListLiterals(document)
}

/** graphql 16's `validate` throws on some malformed subscriptions. */
function asDocumentError(error: unknown): GraphQLError {
  const isExpected = error instanceof GraphQLError || error instanceof ApplicationError || error instanceof RangeError
  return asRequestError(isExpected ? error : new BadUserInputError('The document is malformed.', { cause: error }))
}

/** What is wrong with a request, of what was thrown while it was looked at. */
export function asRequestError(error: unknown): GraphQLError {
  // What overflows the stack is not malformed, but has too many levels.
  if (error instanceof RangeError)
    return asGraphQLError(new LimitExceededError('depth', 'The operation is nested too deep.'))
  if (!(error instanceof GraphQLError)) return asGraphQLError(error)
  const hasTooManyTokens = /^Syntax Error: Document contains more tha[nt] \d+ tokens/.test(error.message)
  return hasTooManyTokens ? asGraphQLError(new LimitExceededError('tokens', error.message)) : error
}
