import { decodeEventCursor, encodeEventCursor } from '../../subgraphs/chat/event-log/event-cursor.ts'
import type { AppClient } from './app-client.ts'
import { digestOf } from './body-digest.ts'
import { type Feed, LostAccessError, type Reading } from './feed.ts'
import type { Position } from './history.ts'

/** What is the same for every viewer, so that servers may share it, and what is not. */
const SHARED = { message: 'id number body deletedAt', conversation: '' }
const OWN = {
  message: `${SHARED.message} edits { body } reactions { emoji count viewerHasReacted }`,
  conversation: 'title',
}
const PAGE = 100

interface ReadMessage {
  readonly id: string
  readonly number: number
  readonly body: string
  readonly deletedAt: string | null
  readonly edits?: readonly { readonly body: string }[]
  readonly reactions?: readonly unknown[]
}

interface Snapshot {
  readonly cursor: string
  readonly title?: string | null
  readonly members: { readonly nodes: readonly { readonly user: { readonly id: string }; readonly role: string }[] }
  readonly messages: {
    readonly nodes: readonly ReadMessage[]
    readonly pageInfo: { readonly hasPreviousPage: boolean; readonly startCursor: string | null }
  }
}

interface ReadEvent {
  readonly __typename: string
  readonly cursor: string | null
  readonly message?: ReadMessage
  readonly messageId?: string
  readonly number?: number
  readonly user?: { readonly id: string } | null
  readonly userId?: string
  readonly role?: string
  readonly conversation?: { readonly title?: string | null }
  readonly reconnectWithinMs?: number
}

/** What an app shows of a conversation. */
export interface Shown {
  readonly title: string | null
  readonly members: Readonly<Record<string, string>>
  readonly messages: readonly unknown[]
}

/** Everything that happens in a conversation, and what an app makes of it: a snapshot, kept up to date by events alone. */
export class ConversationFeed implements Feed {
  readonly stream = 'events'
  readonly document: string
  readonly #selection: typeof OWN
  readonly #client: AppClient
  readonly #id: string
  #title: string | null = null
  #members = new Map<string, string>()
  #messages = new Map<number, unknown>()

  /** @param isShared whether it asks for nothing but what every viewer gets in the same way. */
  constructor(client: AppClient, conversationId: string, isShared: boolean) {
    this.#client = client
    this.#id = conversationId
    this.#selection = isShared ? SHARED : OWN
    this.document = eventsDocument(this.#selection)
  }

  get shown(): Shown {
    const messages = [...this.#messages].sort(([a], [b]) => a - b).map(([, message]) => message)
    return { title: this.#title, members: Object.fromEntries([...this.#members].sort()), messages }
  }

  /** The numbers of the messages that are kept. */
  get numbers(): readonly number[] {
    return [...this.#messages.keys()]
  }

  async start(): Promise<Position> {
    const snapshot = await this.#read(undefined)
    this.#title = snapshot.title ?? null
    this.#members = new Map(snapshot.members.nodes.map(({ user, role }) => [user.id, role]))
    this.#messages = new Map(snapshot.messages.nodes.map((message) => [message.number, this.#shown(message)]))
    return positionOf(snapshot.cursor)
  }

  variablesAfter(position: Position): Record<string, unknown> {
    return { id: this.#id, after: encodeEventCursor(position) }
  }

  read(raw: Record<string, unknown>): Reading {
    const event = raw as unknown as ReadEvent
    const { __typename: kind, cursor, reconnectWithinMs } = event
    if (kind === 'AccessRevoked') return { kind: 'revoked' }
    if (kind === 'Draining') return { kind: 'draining', withinMs: reconnectWithinMs ?? 0 }
    if (cursor === null) return { kind: 'ephemeral' }
    const position = positionOf(cursor)
    if (kind === 'Reset') return { kind: 'reset', head: position }
    if (kind === 'CaughtUp') return { kind: 'caught-up', position }
    this.#apply(event)
    const about = event.message?.id ?? event.messageId ?? event.user?.id ?? event.userId ?? ''
    const messageId = kind === 'MessageAdded' ? { messageId: about } : {}
    const bodyDigest = event.message ? { bodyDigest: digestOf(event.message.body) } : {}
    return { kind: 'event', position, content: `${kind} ${about}`.trim(), ...messageId, ...bodyDigest }
  }

  /** The same as `shown`, for the same messages, read anew through the graph. */
  async readAnew(): Promise<Shown> {
    const kept = new Set(this.numbers)
    const first = await this.#read(undefined)
    const messages = [...first.messages.nodes]
    let { pageInfo } = first.messages
    while (pageInfo.hasPreviousPage && messages.some(({ number }) => kept.has(number))) {
      const page = await this.#read(pageInfo.startCursor)
      messages.unshift(...page.messages.nodes)
      pageInfo = page.messages.pageInfo
    }
    const oldest = Math.min(...kept)
    const relevant = messages.filter(({ number }) => number >= oldest)
    const members = first.members.nodes.map(({ user, role }) => [user.id, role] as const)
    return {
      title: first.title ?? null,
      members: Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1))),
      messages: relevant.map((message) => this.#shown(message)),
    }
  }

  async #read(before: string | null | undefined): Promise<Snapshot> {
    const { data, codes } = await this.#client.run<{ conversation: Snapshot | null }>(
      snapshotDocument(this.#selection),
      {
        id: this.#id,
        before,
      },
    )
    if (data?.conversation) return data.conversation
    if (codes.includes('NOT_FOUND')) throw new LostAccessError('NOT_FOUND')
    throw new Error(`The conversation could not be read: ${codes.join(', ')}.`)
  }

  #apply({
    __typename: kind,
    message,
    messageId = '',
    number = 0,
    user,
    userId = '',
    role = '',
    conversation,
  }: ReadEvent) {
    if (message) this.#messages.set(message.number, this.#shown(message))
    if (kind === 'MessageDeleted') this.#messages.set(number, this.#deleted(messageId, number))
    if (user) this.#members.set(user.id, role)
    if (kind === 'MemberRemoved') this.#members.delete(userId)
    if (conversation) this.#title = conversation.title ?? null
  }

  /** Of a deleted message an event tells only that it is. */
  #shown({ deletedAt, ...rest }: ReadMessage) {
    return deletedAt === null ? { ...rest, isDeleted: false } : this.#deleted(rest.id, rest.number)
  }

  #deleted(id: string, number: number) {
    const details = this.#selection === OWN ? { edits: [], reactions: [] } : {}
    return { id, number, body: '', ...details, isDeleted: true }
  }
}

function positionOf(cursor: string): Position {
  const position = decodeEventCursor(cursor)
  if (!position) throw new Error(`"${cursor}" is no place in an event log.`)
  return position
}

const snapshotDocument = ({ message, conversation }: typeof OWN) => `query Snapshot($id: ID!, $before: Cursor) {
  conversation(id: $id) {
    cursor
    ${conversation}
    members(first: 100) { nodes { user { id } role } }
    messages(last: ${PAGE}, before: $before) { nodes { ${message} } pageInfo { hasPreviousPage startCursor } }
  }
}`

const eventsDocument = ({ message, conversation }: typeof OWN) => `subscription Events($id: ID!, $after: Cursor) {
  conversationEvents(conversationId: $id, after: $after, includeReplyText: false) {
    __typename
    cursor
    ... on MessageAdded { message { ${message} } }
    ... on MessageEdited { message { ${message} } }
    ... on ReactionsChanged { message { ${message} } }
    ... on ReplyStarted { message { ${message} } }
    ... on ReplyFinished { message { ${message} } }
    ... on MessageDeleted { messageId number }
    ... on MemberAdded { user { id } role }
    ... on MemberRoleChanged { user { id } role }
    ... on MemberRemoved { userId }
    ... on ConversationUpdated { conversation { ${conversation || '__typename'} } }
    ... on Draining { reconnectWithinMs }
  }
}`
