import { randomUUID } from 'node:crypto'
import { encodeId } from '../../../../platform/ids.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import type { ChatFixture } from '../../testing/chat-fixture.ts'

/** What the tests of messages ask of each. */
export interface TalkMessage {
  readonly id: string
  readonly number: number
  readonly body: string
  readonly editedAt: Date | null
  readonly deletedAt: Date | null
  readonly edits: { readonly body: string; readonly editedAt: Date }[]
  readonly replyTo: { readonly id: string } | null
  readonly replyCount: number
  readonly mentions: { readonly id: string }[]
  readonly viewerCanEdit: boolean
  readonly viewerCanDelete: boolean
}

/** A mutation's answer: its payload, or the codes of the errors there were instead. */
export interface TalkAnswer {
  readonly message?: TalkMessage | null
  readonly reply?: { readonly id: string } | null
  readonly userErrors?: { readonly code: string; readonly message: string; readonly path: string[] }[]
  readonly errors?: unknown[]
}

const FIELDS = `id number body editedAt deletedAt edits { body editedAt } replyTo { id } replyCount mentions { id }
  viewerCanEdit viewerCanDelete`
const SEND = `mutation ($input: SendMessageInput!) {
  answer: sendMessage(input: $input) { message { ${FIELDS} } reply { id } userErrors { code message path } } }`
const EDIT = `mutation ($input: EditMessageInput!) {
  answer: editMessage(input: $input) { message { ${FIELDS} } userErrors { code message path } } }`
const DELETE = `mutation ($input: MessageIdInput!) {
  answer: deleteMessage(input: $input) { message { ${FIELDS} } userErrors { code message path } } }`
const LIST = `query ($id: ID!) { conversation(id: $id) { messages(first: 100) { nodes { ${FIELDS} } } } }`

/** People who talk in a conversation of the fixture. People are UUIDs, messages are `msg_…`. */
export class Talk {
  readonly #chat: ChatFixture

  constructor(chat: ChatFixture) {
    this.#chat = chat
  }

  /** A new conversation of the fixture's viewer with these people. */
  converse(kind: Conversation['kind'], ...others: string[]): Promise<Conversation> {
    return this.#chat.converse(kind, { memberIds: others.map((id) => encodeId('usr', id)) })
  }

  /** Sends, with what else is given in the input. */
  async send(userId: string, { id }: Conversation, body: string, input: object = {}): Promise<TalkAnswer> {
    const base = { conversationId: encodeId('cnv', id), body, clientId: randomUUID() }
    return this.#answer(userId, SEND, { ...base, ...input })
  }

  /** Sends what must be stored. */
  async say(userId: string, conversation: Conversation, body: string, input: object = {}): Promise<TalkMessage> {
    const answer = await this.send(userId, conversation, body, input)
    if (!answer.message) throw new Error(`It was not stored: ${JSON.stringify(answer)}`)
    return answer.message
  }

  edit(userId: string, messageId: string, body: string): Promise<TalkAnswer> {
    return this.#answer(userId, EDIT, { messageId, body })
  }

  delete(userId: string, messageId: string, scope: string[] = []): Promise<TalkAnswer> {
    return this.#answer(userId, DELETE, { messageId }, scope)
  }

  /** The first hundred messages as this person sees them. */
  async list(userId: string, { id }: Conversation): Promise<TalkMessage[]> {
    const { data } = await this.#chat.run(userId, LIST, { id: encodeId('cnv', id) })
    return (data as { conversation: { messages: { nodes: TalkMessage[] } } }).conversation.messages.nodes
  }

  /** The kinds of a conversation's events, in order, each with the message it is about. */
  async events({ id }: Conversation): Promise<string[]> {
    const rows = await this.#chat
      .fork()
      .execute<{ seq: number; kind: string; messageId: string }[]>(
        'SELECT seq, kind, message_id AS "messageId" FROM chat.conversation_event WHERE conversation_id = ? ORDER BY seq',
        [id],
      )
    return rows.map(({ kind, messageId }) => `${kind} ${encodeId('msg', messageId)}`)
  }

  async #answer(userId: string, source: string, input: object, scope: string[] = []): Promise<TalkAnswer> {
    const { data, errors } = await this.#chat.run(userId, source, { input }, scope)
    if (errors) return { errors: errors.map(({ extensions, originalError }) => codeOf(extensions, originalError)) }
    return (data as { answer: TalkAnswer }).answer
  }
}

function codeOf(extensions: Record<string, unknown>, error: unknown): unknown {
  return extensions.code ?? (error as { code?: string } | undefined)?.code
}
