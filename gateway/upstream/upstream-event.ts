import type { FormattedExecutionResult } from 'graphql'
import { LruCache } from '../../platform/lru-cache.ts'
import type { PositionPath, UpstreamOperations } from './upstream-operations.ts'

/**
 * Of all events that are kept, in characters of JSON; parsed they take several times as much. The viewers of one thing
 * get the same event within moments, so a short memory is enough.
 */
const MAX_CACHED_CHARACTERS = 4_000_000

/** One object for equal texts of one plan, however many viewers get it. */
export interface UpstreamEvent {
  /** The payload as JSON, as the subgraph wrote it. */
  readonly text: string
  /** The same, parsed once; nobody may change it. */
  readonly payload: FormattedExecutionResult
  /** Where the event is in its stream; undefined or null when it does not say. */
  readonly position: unknown
}

/** Parses what subgraphs publish, equal texts of a plan once. */
export class UpstreamEvents {
  readonly #events = new LruCache<UpstreamEvent>(MAX_CACHED_CHARACTERS)

  /**
   * @param plan what asked for it.
   * @throws SyntaxError when the text is not JSON.
   */
  read({ id, upstream }: { id: number; upstream: UpstreamOperations }, text: string): UpstreamEvent {
    const key = `${id} ${text}`
    const known = this.#events.get(key)
    if (known) return known
    const payload = JSON.parse(text)
    const event = { text, payload, position: positionIn(payload, upstream.resumption?.position) }
    this.#events.set(key, event, text.length)
    return event
  }
}

function positionIn(payload: FormattedExecutionResult | null, path: PositionPath | undefined): unknown {
  if (!path) return undefined
  const event = payload?.data?.[path.field] as Readonly<Record<string, unknown>> | null | undefined
  return event?.[path.alias]
}
