import { encodeEventCursor } from './event-cursor.ts'
import type { LoggedEvent, MemberChange, MemberRole, MessageAddition, MessageChange, WholeChange } from './event-log.ts'

/** What a durable event carries beside what it is about. Ids are UUIDs. */
interface Durable<Kind extends string> {
  readonly __typename: Kind
  readonly cursor: string
  readonly conversationId: string
  /** Its place in the log. */
  readonly seq: number
}

/** A durable event about a message. */
export interface MessageEvent extends Durable<(MessageAddition | MessageChange)['kind']> {
  readonly messageId: string
}

/** A message is new. */
export interface MessageAdded extends MessageEvent {
  readonly __typename: 'MessageAdded'
  /** The message's. */
  readonly number: number
}

/** A durable event about a membership. */
export interface MemberEvent extends Durable<MemberChange['kind']> {
  readonly userId: string
  /** Absent in MemberRemoved. */
  readonly role?: MemberRole
}

/** A durable event about the conversation itself. */
export type ConversationEvent = Durable<WholeChange['kind']>

/** An event of the log, as those who follow a conversation get it: the same object for all of them. */
export type DurableEvent =
  | MessageAdded
  | (MessageEvent & { readonly __typename: MessageChange['kind'] })
  | MemberEvent
  | ConversationEvent

/** Makes the object that is shared; nobody may change it. */
export function toDurableEvent(conversationId: string, epoch: string, event: LoggedEvent): DurableEvent {
  const { kind: __typename, ...about } = event
  const cursor = encodeEventCursor({ epoch, seq: event.seq })
  return Object.freeze({ __typename, cursor, conversationId, ...about }) as DurableEvent
}
