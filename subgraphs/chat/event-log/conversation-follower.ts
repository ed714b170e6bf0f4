import { NotFoundError } from '../../../platform/errors.ts'
import { endIn, type ReadAccess } from './access-end.ts'
import type { ConversationHub, HubHead, Place } from './conversation-hub.ts'
import { startAfter } from './cursor-start.ts'
import type { DurableEvent } from './durable-event.ts'
import type { EphemeralSource } from './ephemeral-source.ts'
import { encodeEventCursor } from './event-cursor.ts'
import type { Batch } from './pull-stream.ts'

/** Where the stream stands, or that it had to begin anew. */
export type StreamMark =
  | { readonly __typename: 'CaughtUp'; readonly cursor: string }
  | { readonly __typename: 'Reset'; readonly cursor: string; readonly reason: string }

/** The last event of who may not see the conversation any more. */
export interface AccessRevoked {
  readonly __typename: 'AccessRevoked'
  readonly cursor: null
  readonly reason: string
}

/** The last event of a server that stops. */
export interface Draining {
  readonly __typename: 'Draining'
  readonly cursor: null
  readonly reconnectWithinMs: number
}

/** All that a stream of a conversation may carry. */
export type StreamItem<Ephemeral> = DurableEvent | StreamMark | AccessRevoked | Draining | Ephemeral

const REVOKED: AccessRevoked = {
  __typename: 'AccessRevoked',
  cursor: null,
  reason: 'You are no longer a member of this conversation.',
}

export interface FollowerOptions<Ephemeral> {
  /** The cursor of the last event the client applied; from now on without one. */
  after: string | undefined
  access: ReadAccess
  ephemeral: EphemeralSource<Ephemeral>
  /** Is told when it begins anew. */
  onReset?: () => void
}

/** One who follows a conversation: a place in its log, and what flows beside it. */
export class ConversationFollower<Ephemeral> {
  readonly #options: FollowerOptions<Ephemeral>
  readonly #hub: () => ConversationHub
  #place: Place | undefined
  #hasCaughtUp = false

  constructor(options: FollowerOptions<Ephemeral>, hub: () => ConversationHub) {
    this.#options = options
    this.#hub = hub
  }

  /** What the log has next, if anything; at its end CaughtUp, once, and what flows beside the log. */
  async read(): Promise<Batch<StreamItem<Ephemeral>>> {
    const items: StreamItem<Ephemeral>[] = []
    try {
      return await this.#readInto(items)
    } catch (error) {
      // What was read counts as delivered from here on, so it must be; the next read meets the error again.
      if (items.length > 0) return { items, more: true }
      throw error
    }
  }

  /** What a silent stream says: that it has all there is. */
  caughtUp(): StreamMark {
    return { __typename: 'CaughtUp', cursor: cursorOf(this.#place) }
  }

  /** Whether something may come beside the log without a ring. */
  isLive(): boolean {
    return this.#options.ephemeral.isLive()
  }

  async #readInto(items: StreamItem<Ephemeral>[]): Promise<Batch<StreamItem<Ephemeral>>> {
    const { access, ephemeral } = this.#options
    const place = this.#place ?? (await this.#begin(items))
    const { head } = this.#hub()
    // Most rings are of what flows beside the log.
    const isAtHead = place.run === head.run && place.seq === head.seq
    const events = isAtHead ? [] : await this.#hub().after(place)
    if (!events) return this.#beginAnew(place)
    const end = isAtHead ? undefined : await endIn(events, access)
    if (end) return { items: [end === 'revoked' ? REVOKED : end], ended: true }
    for (const event of events) {
      items.push(...(await ephemeral.before(event)), event)
      this.#place = { ...place, seq: event.seq }
    }
    if ((this.#place?.seq ?? 0) < this.#hub().head.seq) return { items, more: true }
    if (!this.#hasCaughtUp) items.push(this.caughtUp())
    this.#hasCaughtUp = true
    items.push(...(await ephemeral.drain(this.#place ?? place)))
    return { items }
  }

  /** Finds where to begin, and says Reset when that is not where the client wanted to. */
  async #begin(items: StreamItem<Ephemeral>[]): Promise<Place> {
    const { after, access, ephemeral } = this.#options
    const head = await this.#hub().join()
    // A removal before the head would never come up in the log.
    if (!(await access.mayRead())) throw new NotFoundError('conversation')
    await ephemeral.join()
    const start = after === undefined ? head.seq : startAfter(after, head)
    if (typeof start === 'number') return this.#stand({ ...head, seq: start })
    items.push(this.#reset(head, start.reason))
    return this.#stand(head)
  }

  /** The log does not go on from where this follower stands: it goes on from the head. */
  async #beginAnew({ run }: Place): Promise<Batch<StreamItem<Ephemeral>>> {
    const { head } = this.#hub()
    if (!(await this.#options.access.mayRead())) return { items: [REVOKED], ended: true }
    await this.#options.ephemeral.join()
    this.#stand(head)
    const reason =
      run === head.run ? 'The cursor lies before the beginning of the event log.' : 'The event log began anew.'
    return { items: [this.#reset(head, reason)], more: true }
  }

  #reset(head: HubHead, reason: string): StreamMark {
    this.#hasCaughtUp = true
    this.#options.onReset?.()
    return { __typename: 'Reset', cursor: cursorOf(head), reason }
  }

  #stand({ run, epoch, seq }: Place): Place {
    this.#place = { run, epoch, seq }
    return this.#place
  }
}

function cursorOf(place: Place | undefined): string {
  return encodeEventCursor({ epoch: place?.epoch ?? '', seq: place?.seq ?? 0 })
}
