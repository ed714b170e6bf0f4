import { isUuid } from '../../../../platform/ids.ts'
import { LruCache } from '../../../../platform/lru-cache.ts'
import { BESIDE, readRing } from '../../event-log/doorbell.ts'
import type { EventPosition } from '../../event-log/event-cursor.ts'
import type { LoggedEvent } from '../../event-log/event-log.ts'
import { BEGINNING, type ReplyPiece, type WantedText } from './reply-text.ts'

/** Text that was added to a growing reply, and is committed. */
export interface GrownText {
  /** UUIDs. */
  readonly messageId: string
  readonly generationId: string
  readonly attempt: number
  /** How much text the reply has before it, in UTF-16 code units. */
  readonly offset: number
  readonly text: string
  /** Where the conversation's log stood, at the least, when the text was written: who has read that far knows who may read it. */
  readonly log?: EventPosition | undefined
}

/** What a ring carries at most, in UTF-16 code units; whoever wants more reads it. */
const MOST_CARRIED = 4_000
/** What is kept of one reply at most; who is behind by more reads it. */
const MOST_KEPT = 8_000
/** Of all replies. */
const MOST_KEPT_OF_ALL = 8_000_000
/** What keeping an entry costs beside its text. */
const ENTRY_WEIGHT = 200
/** As long as anything may take to show that a bus lost the ring of: a text that was taken back, say. In milliseconds. */
const FRESH_MS = 1_000

/** What to ring a conversation's doorbell with when a reply has grown: the text itself, so that nobody has to read it. */
export function ringOfGrown(grown: GrownText): { readonly grown: GrownText } | typeof BESIDE {
  return grown.text.length > MOST_CARRIED ? BESIDE : { grown }
}

/** What is known of one reply. */
interface Known {
  /** Attempts before this one write no more. */
  readonly least: number
  /** When it was known to have ended; undefined while it may grow. */
  readonly endedAt?: number | undefined
  /** Its newest text. */
  readonly grown?: GrownText | undefined
  /** When the last of that was heard. */
  readonly heardAt: number
}

const NOTHING: Known = { least: 0, heardAt: 0 }

/**
 * The newest text of growing replies, as their writers told of it a moment ago, to save reading it. What it does not have
 * is read, and so is everything when a reply has ended: its text may have been taken back. That it ended is kept, so that
 * nothing of it is heard again: a bus may repeat a ring, or somebody who recorded it.
 */
export class GrownTexts {
  readonly #replies = new LruCache<Known>(MOST_KEPT_OF_ALL)
  readonly #now: () => number

  /** @param now in milliseconds, of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Takes what a conversation's doorbell brought, which may be anything, in any order, and more than once. */
  hear(payload: unknown): void {
    const grown = readGrown(payload)
    if (grown) this.#add(grown)
    else for (const event of readRing(payload)?.events ?? []) this.#happen(event)
  }

  /**
   * Called when a reading of the database begins: what it returns takes what was read. A reading that began before a
   * reply ended says nothing about its growing again.
   */
  reading(): (piece: ReplyPiece) => void {
    const beganAt = this.#now()
    return (piece) => this.#learn(piece, beganAt)
  }

  /**
   * What there is beyond a position; undefined when that is not known here, or nothing.
   *
   * @param hasSeenStart whether they know when the reply began, so that the first text that is heard of is all there is.
   */
  beyond({ messageId, attempt, offset }: WantedText, hasSeenStart = false): ReplyPiece | undefined {
    const { grown, heardAt } = this.#replies.get(messageId) ?? NOTHING
    if (!grown || heardAt + FRESH_MS < this.#now()) return undefined
    const { generationId, attempt: of, offset: start, text, log } = grown
    // Others who have nothing yet are of no attempt, and promised all that there is, which only a reading knows.
    const isTheirs = attempt === of || (attempt === BEGINNING.attempt && hasSeenStart)
    if (!isTheirs || offset < start || offset >= start + text.length) return undefined
    return {
      ...{ messageId, generationId, position: 0, status: 'RUNNING', attempt: of, offset, log },
      text: text.slice(offset - start),
    }
  }

  #add(grown: GrownText): void {
    const known = this.#replies.get(grown.messageId) ?? NOTHING
    if (known.endedAt !== undefined || grown.attempt < known.least) return
    const all = joined(known.grown, grown)
    // What adds nothing does not make the rest any newer.
    if (all === known.grown) return
    this.#keep(grown.messageId, { least: all.attempt, grown: all, heardAt: this.#now() })
  }

  #happen(event: LoggedEvent): void {
    if (!('messageId' in event)) return
    const { kind, messageId } = event
    const hasEnded = kind === 'ReplyFinished' || kind === 'MessageDeleted'
    const { least, endedAt } = this.#replies.get(messageId) ?? NOTHING
    if (hasEnded) this.#keep(messageId, { ...NOTHING, least, endedAt: this.#now() })
    else if (least > 0) this.#keep(messageId, { ...NOTHING, least, endedAt })
  }

  #learn({ messageId, status, attempt }: ReplyPiece, beganAt: number): void {
    const known = this.#replies.get(messageId) ?? NOTHING
    if (known.endedAt !== undefined && beganAt <= known.endedAt) return
    const isRunning = status === 'RUNNING'
    const least = Math.max(known.least, isRunning ? attempt : attempt + 1)
    if (!isRunning && status !== 'QUEUED') this.#keep(messageId, { ...NOTHING, least, endedAt: beganAt })
    else if (known.grown && known.grown.attempt >= least) this.#keep(messageId, { ...known, least })
    else this.#keep(messageId, { ...NOTHING, least })
  }

  #keep(messageId: string, known: Known): void {
    this.#replies.set(messageId, known, (known.grown?.text.length ?? 0) + ENTRY_WEIGHT)
  }
}

/** Both where one goes on with the other, else the later of them. */
function joined(kept: GrownText | undefined, grown: GrownText): GrownText {
  if (!kept || grown.attempt > kept.attempt) return grown
  const end = kept.offset + kept.text.length
  if (grown.attempt < kept.attempt || grown.offset + grown.text.length <= end) return kept
  if (grown.offset > end || grown.generationId !== kept.generationId) return grown
  const text = kept.text + grown.text.slice(end - grown.offset)
  const surplus = Math.max(0, text.length - MOST_KEPT)
  return { ...kept, offset: kept.offset + surplus, text: text.slice(surplus), log: grown.log }
}

function readGrown(payload: unknown): GrownText | undefined {
  if (typeof payload !== 'object' || payload === null || !('grown' in payload)) return undefined
  const { messageId, generationId, attempt, offset, text, log } = (payload.grown ?? {}) as Record<
    keyof GrownText,
    unknown
  >
  const isWhole =
    isUuid(messageId) &&
    isUuid(generationId) &&
    isCount(attempt) &&
    attempt > 0 &&
    isCount(offset) &&
    typeof text === 'string' &&
    text !== '' &&
    text.length <= MOST_CARRIED
  return isWhole ? { messageId, generationId, attempt, offset, text, log: readPosition(log) } : undefined
}

function readPosition(log: unknown): EventPosition | undefined {
  if (typeof log !== 'object' || log === null) return undefined
  const { epoch, seq } = log as Record<keyof EventPosition, unknown>
  return isUuid(epoch) && isCount(seq) ? { epoch, seq } : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
