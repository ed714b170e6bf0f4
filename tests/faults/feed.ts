import type { Position } from './history.ts'

/** What one event of a stream means to who follows it. */
export type Reading =
  | {
      readonly kind: 'event'
      readonly position: Position
      readonly content: string
      readonly messageId?: string
      readonly bodyDigest?: string
    }
  | { readonly kind: 'caught-up'; readonly position: Position }
  | { readonly kind: 'reset'; readonly head: Position }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'draining'; readonly withinMs: number }
  | { readonly kind: 'ephemeral' }

/** A kind of stream that a client follows: how it is begun, taken up again and read. */
export interface Feed {
  readonly stream: 'events' | 'messages'
  readonly document: string
  /**
   * Reads what is there now, and says up to where.
   *
   * @throws LostAccessError when the viewer may not read it.
   */
  start(): Promise<Position>
  /** The subscription's variables for going on behind this place. */
  variablesAfter(position: Position): Record<string, unknown>
  /** Takes the event in. */
  read(event: Record<string, unknown>): Reading
}

/** The server said that the viewer may not read this. */
export class LostAccessError extends Error {
  override readonly name = 'LostAccessError'
}
