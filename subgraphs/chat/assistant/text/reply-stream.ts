import { createHash } from 'node:crypto'
import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../../platform/errors.ts'
import type { ConversationWatch } from '../../event-log/conversation-watch.ts'
import { PullStream } from '../../event-log/pull-stream.ts'
import type { Message } from '../../message/message.entity.ts'
import type { Generation } from '../generation/generation.entity.ts'
import { type ReplyPiece, type ReplyPosition, readReplyText } from './reply-text.ts'

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

const HAS_ENDED = new Set<Generation['status']>(['COMPLETED', 'FAILED'])

/**
 * A reply as it grows: what lies beyond `after`, then live, then ReplyEnded. It ends with NotFoundError once the viewer
 * may not read it any more.
 */
export function followReply(options: {
  /** A new entity manager for each read. */
  fork: () => EntityManager
  watch: ConversationWatch
  message: Pick<Message, 'id' | 'conversationId'>
  viewerId: string
  after: ReplyPosition | undefined
}): PullStream<ReplyEvent> {
  const { fork, watch, message, viewerId } = options
  const wanted = { conversationId: message.conversationId, messageId: message.id }
  let position = options.after ?? { attempt: 0, offset: 0 }
  const stream = new PullStream<ReplyEvent>({
    async read() {
      const [piece] = await readReplyText(fork(), [{ ...wanted, ...position }], viewerId)
      if (!piece) throw new NotFoundError('message')
      const items = describe(piece, position)
      position = { attempt: piece.attempt, offset: piece.offset + piece.text.length }
      if (!HAS_ENDED.has(piece.status)) return { items }
      return { items: [...items, await endOf(fork(), piece)], ended: true }
    },
    close: () => unwatch(),
  })
  // Text grows without the log moving, so every sweep has to look.
  const unwatch = watch.watch(message.conversationId, { ring: () => stream.ring(), isBehind: () => true })
  return stream
}

function describe(piece: ReplyPiece, position: ReplyPosition): ReplyEvent[] {
  const { attempt, offset, text } = piece
  const isRestart = position.attempt !== 0 && attempt !== position.attempt
  return [
    ...(isRestart ? [{ __typename: 'ReplyRestarted' as const, attempt, keepOffset: 0 }] : []),
    ...(text === '' ? [] : [{ __typename: 'ReplyText' as const, attempt, offset, text }]),
  ]
}

async function endOf(em: EntityManager, { messageId, attempt, status, offset, text }: ReplyPiece): Promise<ReplyEnded> {
  const whole = offset === 0 ? text : await wholeText(em, messageId)
  const sha256 = createHash('sha256').update(whole, 'utf8').digest('hex')
  return { __typename: 'ReplyEnded', attempt, status, length: whole.length, sha256, messageId }
}

async function wholeText(em: EntityManager, messageId: string): Promise<string> {
  const [row] = await em.execute<{ body: string }[]>('SELECT body FROM chat.message WHERE id = ?', [messageId])
  return row?.body ?? ''
}
