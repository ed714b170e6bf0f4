import { randomUUID } from 'node:crypto'
import type { EntityManager } from '@mikro-orm/postgresql'
import { decodeCursor, type PageRequest } from '../../../platform/connection.ts'
import { isUuid, newUuid } from '../../../platform/ids.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { Conversation } from './conversation.entity.ts'
import {
  type AssistantSettingsInput,
  type ModelCatalogue,
  readAssistantSettings,
  readMemberIds,
  readText,
} from './conversation-input.ts'
import { Member } from './member.entity.ts'
import type { People } from './people.ts'

export interface CreateConversationInput {
  kind: Conversation['kind']
  title?: string | null
  topic?: string | null
  memberIds?: readonly string[] | null
  assistant?: AssistantSettingsInput | null
}

/** Making conversations and finding the viewer's. */
export class ConversationService {
  readonly #people: People
  readonly #models: ModelCatalogue

  constructor(options: { people: People; models: ModelCatalogue }) {
    this.#people = options.people
    this.#models = options.models
  }

  /**
   * Makes a conversation that the viewer owns.
   *
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND, UNKNOWN_MODEL
   */
  async create(em: EntityManager, viewerId: string, input: CreateConversationInput): Promise<Conversation> {
    const others = await this.#readOthers(viewerId, input)
    const wantsAssistant = input.kind === 'ASSISTANT' || input.assistant != null
    const conversationId = newUuid()
    const conversation = {
      id: conversationId,
      kind: input.kind,
      title: readText(input.title, 'title', 200),
      topic: readText(input.topic, 'topic', 1_000),
      assistant: wantsAssistant ? readAssistantSettings(input.assistant ?? {}, this.#models) : null,
      epoch: randomUUID(),
      memberCount: others.length + 1,
    }
    await em.transactional(async (transaction) => {
      await transaction.insert(Conversation, conversation)
      await transaction.insertMany(Member, [
        { conversationId, userId: viewerId, role: 'OWNER' },
        ...others.map((userId) => ({ conversationId, userId, role: 'MEMBER' as const })),
      ])
    })
    return em.findOneOrFail(Conversation, conversationId)
  }

  /** The viewer's conversations in the page's direction, one more than its size where there is one. */
  async list(em: EntityManager, viewerId: string, page: PageRequest, kind?: Conversation['kind'] | null) {
    const [comparison, order] = page.direction === 'forward' ? ['<', 'DESC'] : ['>', 'ASC']
    const [activity, id] = page.cursor === undefined ? [] : decodeCursor('conversation', page.cursor, isActivityCursor)
    const rows = await em.execute(
      `SELECT c.* FROM chat.member m JOIN chat.conversation c ON c.id = m.conversation_id
       WHERE m.user_id = ?
         AND (?::text IS NULL OR c.kind = ?)
         AND (?::timestamptz IS NULL OR (c.last_activity_at, c.id) ${comparison} (?::timestamptz, ?::uuid))
       ORDER BY c.last_activity_at ${order}, c.id ${order} LIMIT ?`,
      [viewerId, kind ?? null, kind ?? null, activity ?? null, activity ?? null, id ?? null, page.size + 1],
    )
    return rows.map((row) => em.map(Conversation, row))
  }

  /** A conversation's members in the page's direction, in the order they joined, one more than its size. */
  async members(em: EntityManager, conversationId: string, page: PageRequest): Promise<Member[]> {
    const [comparison, order] = page.direction === 'forward' ? ['>', 'ASC'] : ['<', 'DESC']
    const [joined, id] = page.cursor === undefined ? [] : decodeCursor('member', page.cursor, isActivityCursor)
    const rows = await em.execute(
      `SELECT * FROM chat.member
       WHERE conversation_id = ?
         AND (?::timestamptz IS NULL OR (joined_at, user_id) ${comparison} (?::timestamptz, ?::uuid))
       ORDER BY joined_at ${order}, user_id ${order} LIMIT ?`,
      [conversationId, joined ?? null, joined ?? null, id ?? null, page.size + 1],
    )
    return rows.map((row) => em.map(Member, row))
  }

  async #readOthers(viewerId: string, input: CreateConversationInput): Promise<string[]> {
    const others = readMemberIds(input.memberIds, viewerId)
    const path = ['input', 'memberIds']
    if (input.kind === 'ASSISTANT' && others.length > 0) {
      throw new UserFault('BAD_USER_INPUT', 'An ASSISTANT conversation has one member; make a GROUP instead.', path)
    }
    const existing = await this.#people.existing(others)
    if (others.some((id) => !existing.has(id)))
      throw new UserFault('NOT_FOUND', 'One of the members does not exist.', path)
    return others
  }
}

function isActivityCursor(value: unknown): value is [moment: string, id: string] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [moment, id] = value
  return typeof moment === 'string' && isMoment(moment) && isUuid(id)
}

/** Whether a cursor of ours may hold it: much that Date reads, Postgres refuses. */
function isMoment(text: string): boolean {
  const date = new Date(text)
  return /^[1-9]\d{3}-/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString() === text
}
