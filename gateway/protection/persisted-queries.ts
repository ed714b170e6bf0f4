import { ApplicationError, BadUserInputError } from '../../platform/errors.ts'

/**
 * A request names a document that is not known here. Apollo's words and code: its clients then send the document along.
 */
export class PersistedQueryNotFoundError extends ApplicationError {
  override readonly name = 'PersistedQueryNotFoundError'

  constructor() {
    super('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
  }
}

/**
 * The id by which a request names its document, as Apollo's persisted queries do:
 * `{ "persistedQuery": { "version": 1, "sha256Hash": … } }`.
 *
 * @param extensions of the request, not looked at yet.
 * @returns undefined when it names none.
 * @throws BadUserInputError when it is no such id.
 */
export function persistedQueryId(extensions: unknown): string | undefined {
  const { persistedQuery } = Object(extensions) as { persistedQuery?: unknown }
  if (persistedQuery === undefined || persistedQuery === null) return undefined
  const { version, sha256Hash } = Object(persistedQuery) as { version?: unknown; sha256Hash?: unknown }
  if (version !== 1) throw new BadUserInputError('`extensions.persistedQuery.version` must be 1.')
  if (typeof sha256Hash === 'string' && sha256Hash !== '') return sha256Hash
  throw new BadUserInputError('`extensions.persistedQuery.sha256Hash` must be the SHA-256 of the document.')
}

/** The extensions of a request without the id of its document, for what knows the document already. */
export function withoutPersistedQuery(extensions: unknown): Record<string, unknown> {
  const { persistedQuery: _known, ...others } = Object(extensions) as Record<string, unknown>
  return others
}
