import type { DocumentNode } from 'graphql'
import { LruCache } from '../../platform/lru-cache.ts'

/** Of the documents that were asked for once, and of those that were asked for again; each, in characters. */
const MAX_CHARACTERS = 250_000

/** A document that was parsed and accepted. */
export interface KnownDocument {
  readonly source: string
  /** The SHA-256 of the source, in hexadecimal. */
  readonly hash: string
  readonly document: DocumentNode
}

/**
 * Keeps documents by their hashes; a parsed one takes about a hundred times as many bytes as its source has characters.
 * A document that was asked for once can only drive out others of its kind: so a flood of documents that nobody sends
 * again leaves those in their place that clients use.
 */
export class DocumentCache {
  readonly #fresh = new LruCache<KnownDocument>(MAX_CHARACTERS)
  readonly #proven = new LruCache<KnownDocument>(MAX_CHARACTERS)

  /** A document that a client asks for. */
  use(hash: string): KnownDocument | undefined {
    const proven = this.#proven.get(hash)
    if (proven) return proven
    const fresh = this.#fresh.get(hash)
    if (!fresh) return undefined
    this.#fresh.delete(hash)
    this.#proven.set(hash, fresh, fresh.source.length)
    return fresh
  }

  add(known: KnownDocument): void {
    this.#fresh.set(known.hash, known, known.source.length)
  }
}
