import { decodeId, encodeId } from '../../../../platform/ids.ts'
import { type ChatMutation, mutationDocument } from '../../../../tests/support/mutations.ts'
import { type LoggedEvent, readLog } from '../../event-log/event-log.ts'
import { readInboxVersions } from '../../event-log/inbox-head.ts'
import type { ChatFixture } from '../../testing/chat-fixture.ts'
import type { Conversation } from '../conversation.entity.ts'

/** What a conversation's mutations answer with. */
export interface Answer {
  readonly conversation: SeenConversation | null
  readonly deletedConversationId?: string
  /** As `CODE at the.path`. */
  readonly userErrors: readonly string[]
  /** The codes of the errors at the top. */
  readonly codes: readonly unknown[]
}

export interface SeenConversation {
  readonly id: string
  readonly kind: string
  readonly title: string | null
  readonly topic: string | null
  readonly memberCount: number
  readonly viewerRole: string | null
  readonly isMuted: boolean
  readonly unreadCount: number
  readonly assistant: Record<string, unknown> | null
}

/** The fields of a SeenConversation. */
export const SEEN = `id kind title topic memberCount viewerRole isMuted unreadCount
  assistant { model systemPrompt temperature maxOutputTokens }`

/** The queries and mutations of conversations, as people make them. Ids are UUIDs; inputs are as clients write them. */
export class ConversationCalls {
  readonly #chat: ChatFixture

  constructor(chat: ChatFixture) {
    this.#chat = chat
  }

  /** Runs a mutation on a conversation. */
  change(
    userId: string,
    mutation: ChatMutation,
    { id }: { readonly id: string },
    input: Record<string, unknown> = {},
    scope: string[] = [],
  ): Promise<Answer> {
    return this.mutate(userId, mutation, { conversationId: encodeId('cnv', id), ...input }, scope)
  }

  /** Runs a mutation. */
  async mutate(
    userId: string,
    mutation: ChatMutation,
    input: Record<string, unknown>,
    scope: string[] = [],
  ): Promise<Answer> {
    const field = mutation === 'deleteConversation' ? 'deletedConversationId' : `conversation { ${SEEN} }`
    const source = mutationDocument(mutation, `${field} userErrors { code path }`)
    const { data, errors } = await this.#chat.run(userId, source, { input }, scope)
    const payload = (data as { answer: Payload | null } | null)?.answer
    return {
      conversation: null,
      ...payload,
      userErrors: (payload?.userErrors ?? []).map(({ code, path }) => `${code} at ${path.join('.')}`),
      codes: codesOf(errors),
    }
  }

  /** A new conversation that somebody owns, with these members. */
  own(ownerId: string, kind: Conversation['kind'] = 'GROUP', ...others: string[]): Promise<Conversation> {
    const memberIds = others.map((id) => encodeId('usr', id))
    return this.#chat.services.conversations.create(this.#chat.fork(), ownerId, { kind, memberIds })
  }

  join(userId: string, conversation: Conversation): Promise<Answer> {
    return this.change(userId, 'joinChannel', conversation)
  }

  leave(userId: string, conversation: Conversation): Promise<Answer> {
    return this.change(userId, 'leaveConversation', conversation)
  }

  add(userId: string, conversation: Conversation, ...userIds: string[]): Promise<Answer> {
    return this.change(userId, 'addMembers', conversation, { userIds: userIds.map((id) => encodeId('usr', id)) })
  }

  remove(userId: string, conversation: Conversation, whom: string, scope: string[] = []): Promise<Answer> {
    return this.change(userId, 'removeMember', conversation, { userId: encodeId('usr', whom) }, scope)
  }

  setRole(userId: string, conversation: Conversation, whom: string, role: string): Promise<Answer> {
    return this.change(userId, 'setMemberRole', conversation, { userId: encodeId('usr', whom), role })
  }

  /** The conversation as somebody sees it; null when they do not. */
  async see(userId: string, { id }: { readonly id: string }): Promise<SeenConversation | null> {
    const source = `query ($id: ID!) { conversation(id: $id) { ${SEEN} } }`
    const { data } = await this.#chat.run(userId, source, { id: encodeId('cnv', id) })
    return (data as { conversation: SeenConversation | null } | null)?.conversation ?? null
  }

  /** The UUIDs of somebody's conversations. */
  async list(userId: string): Promise<string[]> {
    const { data } = await this.#chat.run(userId, '{ conversations { nodes { id } } }')
    const { conversations } = data as { conversations: { nodes: { id: string }[] } }
    return conversations.nodes.map(({ id }) => decodeId('cnv', id))
  }

  /** Who is in it, as the database has it. */
  async rolesIn({ id }: { readonly id: string }): Promise<Record<string, string>> {
    const members = await this.#chat
      .fork()
      .execute<{ userId: string; role: string }[]>(
        'SELECT user_id AS "userId", role FROM chat.member WHERE conversation_id = ?',
        [id],
      )
    return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
  }

  /** How often somebody's list of conversations has changed. */
  async inboxOf(userId: string): Promise<number> {
    return (await readInboxVersions(this.#chat.fork(), [userId])).get(userId) ?? 0
  }

  /** How often it changes while this is done. */
  async touchesOf(userId: string, work: () => Promise<unknown>): Promise<number> {
    const before = await this.inboxOf(userId)
    await work()
    return (await this.inboxOf(userId)) - before
  }

  /** What the log holds, without its sequence numbers. */
  async eventsOf({ id }: { readonly id: string }): Promise<Partial<LoggedEvent & { messageId: string }>[]> {
    const log = await readLog(this.#chat.fork(), id, 0, 100_000)
    return (log?.events ?? []).map(({ seq: _, ...event }) => event)
  }
}

interface Payload {
  readonly conversation: SeenConversation | null
  readonly userErrors: { readonly code: string; readonly path: string[] }[]
}

function codesOf(errors: Awaited<ReturnType<ChatFixture['run']>>['errors']): unknown[] {
  return (errors ?? []).map(({ originalError, message }) =>
    originalError && 'code' in originalError ? originalError.code : message,
  )
}
