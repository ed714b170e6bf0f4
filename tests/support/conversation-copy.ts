import type { EventStream } from './event-stream.ts'
import type { Person } from './people.ts'

const MESSAGE = 'number body deletedAt edits { body } mentions { id } reactions { emoji count viewerHasReacted }'

interface CopiedMessage {
  readonly number: number
  readonly body: string
  readonly deletedAt: string | null
  readonly edits: readonly { readonly body: string }[]
  readonly mentions: readonly ({ readonly id: string } | null)[]
  readonly reactions: readonly { readonly emoji: string; readonly count: number; readonly viewerHasReacted: boolean }[]
}

interface Snapshot {
  readonly cursor: string
  readonly title: string | null
  readonly memberCount: number
  readonly members: { readonly nodes: readonly { readonly user: { readonly id: string }; readonly role: string }[] }
  readonly messages: { readonly nodes: readonly CopiedMessage[] }
}

interface CopyEvent {
  readonly __typename: string
  readonly cursor: string | null
  readonly message?: CopiedMessage
  readonly number?: number
  readonly user?: { readonly id: string }
  readonly userId?: string
  readonly role?: string
  readonly conversation?: { readonly title: string | null }
}

const SNAPSHOT = `query Snapshot($id: ID!) {
  conversation(id: $id) {
    cursor title memberCount members(first: 100) { nodes { user { id } role } } messages(last: 100) { nodes { ${MESSAGE} } }
  }
}`

const EVENTS = `subscription Events($id: ID!, $after: Cursor!) {
  conversationEvents(conversationId: $id, after: $after, includeReplyText: false) {
    __typename
    cursor
    ... on MessageAdded { message { ${MESSAGE} } }
    ... on MessageEdited { message { ${MESSAGE} } }
    ... on ReactionsChanged { message { ${MESSAGE} } }
    ... on ReplyFinished { message { ${MESSAGE} } }
    ... on MessageDeleted { number }
    ... on MemberAdded { user { id } role }
    ... on MemberRoleChanged { user { id } role }
    ... on MemberRemoved { userId }
    ... on ConversationUpdated { conversation { title } }
  }
}`

/**
 * What an app keeps of a conversation of at most a hundred messages: read once, and from then on kept up to date by
 * nothing but the events after that.
 */
export class ConversationCopy {
  /** Where it was read. */
  readonly cursor: string
  readonly #members: Map<string, string>
  readonly #messages: Map<number, CopiedMessage>
  #title: string | null
  readonly #events: (after: string) => EventStream<CopyEvent>

  private constructor(snapshot: Snapshot, events: (after: string) => EventStream<CopyEvent>) {
    this.cursor = snapshot.cursor
    this.#title = snapshot.title
    this.#members = new Map(snapshot.members.nodes.map(({ user, role }) => [user.id, role]))
    this.#messages = new Map(snapshot.messages.nodes.map((message) => [message.number, message]))
    this.#events = events
  }

  /** Reads the conversation as it is now. */
  static async read({ client }: Person, id: string): Promise<ConversationCopy> {
    const { conversation } = await client.run<{ conversation: Snapshot }>(SNAPSHOT, { id })
    return new ConversationCopy(conversation, (after) => client.follow(EVENTS, { id, after }))
  }

  /** Subscribes to what happens from here on; the result applies it, up to the event with this cursor. */
  follow(): (head: string) => Promise<void> {
    const stream = this.#events(this.cursor)
    return async (head) => {
      for (const event of await stream.take(({ cursor }) => cursor === head)) this.#apply(event)
      stream.unsubscribe()
    }
  }

  /** What an app shows. Of a deleted message an event tells only that it is. */
  get content() {
    return {
      title: this.#title,
      members: Object.fromEntries(this.#members),
      messages: [...this.#messages.values()].map(({ deletedAt, ...rest }) => ({
        ...rest,
        isDeleted: deletedAt !== null,
      })),
    }
  }

  #apply(event: CopyEvent): void {
    const { __typename: kind, message, number = 0, user, userId = '', role = '', conversation } = event
    if (kind === 'Reset') throw new Error('The events after a cursor that was just read could not be told.')
    if (message) this.#messages.set(message.number, message)
    if (kind === 'MessageDeleted') this.#bury(number)
    if (user) this.#members.set(user.id, role)
    if (kind === 'MemberRemoved') this.#members.delete(userId)
    if (conversation) this.#title = conversation.title
  }

  #bury(number: number): void {
    const nothing = { body: '', deletedAt: 'some time ago', edits: [], mentions: [], reactions: [] }
    this.#messages.set(number, { number, ...nothing })
  }
}
