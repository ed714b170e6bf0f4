import { createHash } from 'node:crypto'
import { NotFoundError } from '../../../../platform/errors.ts'
import type { ReadAccess } from '../../event-log/access-end.ts'
import type { ConversationWatch } from '../../event-log/conversation-watch.ts'
import { isBeside } from '../../event-log/doorbell.ts'
import { PullStream } from '../../event-log/pull-stream.ts'
import type { Message } from '../../message/message.entity.ts'
import type { Generation } from '../generation/generation.entity.ts'
import type { GrowingReplies, Reading } from './growing-replies.ts'
import { BEGINNING, type ReplyPiece, type ReplyPosition } from './reply-text.ts'

export interface ReplyEnded {
  readonly __typename: 'ReplyEnded'
  readonly attempt: number
  readonly status: Generation['status']
  readonly length: number
  readonly sha256: string
  readonly messageId: string
}

/** A step of a growing reply. */
export type ReplyEvent =
  | { readonly __typename: 'ReplyText'; readonly attempt: number; readonly offset: number; readonly text: string }
  | { readonly __typename: 'ReplyRestarted'; readonly attempt: number; readonly keepOffset: number }
  | ReplyEnded

/** Made once for all whose stream ends at the same moment. */
const endings = new WeakMap<ReplyPiece, ReplyEnded>()

/**
 * A reply as it grows: what lies beyond `after`, then live, then ReplyEnded. What is asked for anew before that is followed
 * on. It ends with NotFoundError once the viewer may not read it any more. All who follow share what is read in one turn.
 */
export function followReply(options: {
  replies: GrowingReplies
  watch: ConversationWatch
  message: Pick<Message, 'id' | 'conversationId'>
  access: ReadAccess
  after: ReplyPosition | undefined
}): PullStream<ReplyEvent> {
  const { replies, watch, message, access } = options
  const reply = { conversationId: message.conversationId, messageId: message.id }
  let position = options.after ?? BEGINNING
  // When more than its text may have moved, it may have ended, and its text may be taken back: then it must be read.
  const moves = { rung: 1, read: 0 }
  const stream = new PullStream<ReplyEvent>({
    async read() {
      const { rung } = moves
      const found = await replies.read({ ...reply, ...position, isToBeRead: moves.read < rung })
      moves.read = rung
      // Asked when the text is there: nothing that was written after a removal may leave.
      if (!found || !(await access.mayRead())) throw new NotFoundError('message')
      const { piece } = found
      const items = describe(piece, position)
      const ended =
        hasEnded(piece) && (await endOf(piece, () => replies.read({ ...reply, ...BEGINNING, isToBeRead: true })))
      position = { attempt: piece.attempt, offset: piece.offset + piece.text.length }
      if (ended) return { items: [...items, ended], ended: true }
      return { items, more: hasEnded(piece) }
    },
    close: () => unwatch(),
  })
  const ring = (payload?: unknown) => {
    if (!isBeside(payload)) moves.rung += 1
    stream.ring()
  }
  // Text grows without the log moving, so every sweep has to look.
  const unwatch = watch.watch(message.conversationId, { ring, isBehind: () => true })
  return stream
}

function hasEnded({ status }: ReplyPiece): boolean {
  return status !== 'QUEUED' && status !== 'RUNNING'
}

function describe(piece: ReplyPiece, position: ReplyPosition): ReplyEvent[] {
  const { attempt, offset, text } = piece
  // A text that is gone has no piece to say so.
  const isGone = text === '' && offset < position.offset
  const isRestart = position.attempt !== 0 && (attempt !== position.attempt || isGone)
  return [
    ...(isRestart ? [{ __typename: 'ReplyRestarted' as const, attempt, keepOffset: offset }] : []),
    ...(text === '' ? [] : [{ __typename: 'ReplyText' as const, attempt, offset, text }]),
  ]
}

/** The end of a reply; null when it was asked for anew, shows another version, or was deleted since the piece was read. */
async function endOf(piece: ReplyPiece, readWhole: () => Promise<Reading | null>): Promise<ReplyEnded | null> {
  const whole = piece.offset === 0 ? piece : (await readWhole())?.piece
  if (whole?.generationId !== piece.generationId || whole.attempt !== piece.attempt || !hasEnded(whole)) return null
  if (whole.text.length !== piece.offset + piece.text.length) return null
  const ended = endings.get(whole) ?? toEnded(whole)
  endings.set(whole, ended)
  return ended
}

function toEnded({ messageId, attempt, status, text }: ReplyPiece): ReplyEnded {
  const sha256 = createHash('sha256').update(text, 'utf8').digest('hex')
  return { __typename: 'ReplyEnded', attempt, status, length: text.length, sha256, messageId }
}
