import type { EventStream } from './event-stream.ts'
import type { Person } from './people.ts'

/** One event of `conversationEvents`, with what the tests look at. */
export interface ConversationEvent {
  readonly __typename:
    | (typeof DURABLE_KINDS)[number]
    | 'ReplyTextAppended'
    | 'ReadMarkerMoved'
    | 'TypingChanged'
    | 'AccessRevoked'
    | 'CaughtUp'
    | 'Reset'
  readonly cursor: string | null
  readonly message?: { readonly id: string; readonly number: number; readonly body: string }
  readonly messageId?: string
  readonly attempt?: number
  readonly offset?: number
  readonly text?: string
  readonly reason?: string
  /** Of MessageDeleted. */
  readonly number?: number
  readonly user?: { readonly id: string } | null
  readonly userId?: string
  readonly role?: string
  readonly conversation?: { readonly id: string; readonly title: string | null }
  readonly conversationId?: string
  readonly upTo?: number
  readonly isTyping?: boolean
}

/** The events that are in the log, and so carry a cursor of their own. */
export const DURABLE_KINDS = [
  'MessageAdded',
  'MessageEdited',
  'MessageDeleted',
  'ReactionsChanged',
  'MemberAdded',
  'MemberRemoved',
  'MemberRoleChanged',
  'ConversationUpdated',
  'ConversationDeleted',
  'ReplyStarted',
  'ReplyFinished',
] as const

const CONVERSATION_EVENTS = `subscription Events($conversationId: ID!, $after: Cursor, $includeReplyText: Boolean = true) {
  conversationEvents(conversationId: $conversationId, after: $after, includeReplyText: $includeReplyText) {
    __typename
    cursor
    ... on MessageAdded { message { id number body } }
    ... on ReplyStarted { message { id number body } }
    ... on ReplyFinished { message { id number body } }
    ... on ReplyTextAppended { messageId attempt offset text }
    ... on MessageEdited { message { id number body } }
    ... on MessageDeleted { messageId number }
    ... on ReactionsChanged { message { id number body } }
    ... on MemberAdded { user { id } role }
    ... on MemberRoleChanged { user { id } role }
    ... on MemberRemoved { userId }
    ... on ConversationUpdated { conversation { id title } }
    ... on ConversationDeleted { conversationId }
    ... on ReadMarkerMoved { userId upTo }
    ... on TypingChanged { userId isTyping }
    ... on AccessRevoked { reason }
    ... on Reset { reason }
  }
}`

/** Follows everything that happens in a conversation. */
export function conversationEvents(
  person: Person,
  conversationId: string,
  options: { after?: string; includeReplyText?: boolean } = {},
): EventStream<ConversationEvent> {
  return person.client.follow(CONVERSATION_EVENTS, { conversationId, ...options })
}

/** One event of `replyStream`. */
export interface ReplyEvent {
  readonly __typename: 'ReplyText' | 'ReplyRestarted' | 'ReplyEnded'
  readonly attempt: number
  readonly offset?: number
  readonly text?: string
  readonly keepOffset?: number
  readonly status?: string
  readonly length?: number
  readonly sha256?: string
  readonly message?: Reply
}

/** An assistant's message with how it came about. */
export interface Reply {
  readonly id: string
  readonly body: string
  readonly generation: {
    readonly status: 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'INTERRUPTED'
    readonly model: string
    readonly attempt: number
    readonly text: string
    readonly error: { readonly code: string; readonly message: string } | null
    readonly usage: { inputTokens: number; outputTokens: number; totalTokens: number; isEstimated: boolean } | null
    readonly omittedMessages: number
    readonly firstTokenAt: string | null
    readonly finishedAt: string | null
  }
}

const REPLY = `id body generation {
  status model attempt text error { code message } omittedMessages firstTokenAt finishedAt
  usage { inputTokens outputTokens totalTokens isEstimated }
}`

const REPLY_STREAM = `subscription Reply($messageId: ID!, $after: StreamPosition) {
  replyStream(messageId: $messageId, after: $after) {
    __typename
    attempt
    ... on ReplyText { offset text }
    ... on ReplyRestarted { keepOffset }
    ... on ReplyEnded { status length sha256 message { ${REPLY} } }
  }
}`

/** Follows one reply as it grows. */
export function replyStream(
  person: Person,
  messageId: string,
  after?: { attempt: number; offset: number },
): EventStream<ReplyEvent> {
  return person.client.follow(REPLY_STREAM, { messageId, after })
}

/** Whether it is the last event of a reply. */
export const isEnded = ({ __typename }: ReplyEvent) => __typename === 'ReplyEnded'

/** All events of a reply from the beginning to ReplyEnded. */
export async function watchReply(person: Person, messageId: string): Promise<ReplyEvent[]> {
  return replyStream(person, messageId).take(isEnded)
}

/** Takes events until a client that had none before would have this text on its screen. */
export async function untilText<Event extends ReplyEvent | ConversationEvent>(
  stream: EventStream<Event>,
  text: string,
): Promise<Event[]> {
  const taken: Event[] = []
  while (textOf(taken) !== text) taken.push(await stream.next())
  return taken
}

/** A reply as it is now. */
export async function readReply(person: Person, messageId: string): Promise<Reply> {
  const { message } = await person.client.run<{ message: Reply }>(
    `query Reply($id: ID!) { message(id: $id) { ${REPLY} } }`,
    { id: messageId },
  )
  return message
}

/** What a client has on its screen after these events, by the rule that the schema states. */
export function textOf(events: readonly (ReplyEvent | ConversationEvent)[]): string {
  return events.reduce((text, event) => {
    if ('keepOffset' in event) return text.slice(0, event.keepOffset)
    return event.text === undefined ? text : text.slice(0, event.offset) + event.text
  }, '')
}
