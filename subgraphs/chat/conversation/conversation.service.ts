import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import type { PageRequest } from '../../../platform/connection.ts'
import { readEntities } from '../../../platform/entity-rows.ts'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { newUuid } from '../../../platform/ids.ts'
import type { Logger } from '../../../platform/logging.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { inboxDoorbellOf, touchInboxes } from '../event-log/inbox-head.ts'
import { Conversation } from './conversation.entity.ts'
import type { ConversationChanges } from './conversation-change.ts'
import {
  type AssistantSettingsInput,
  changeAssistantSettings,
  type ModelCatalogue,
  readAssistantSettings,
  readTitle,
  readTopic,
} from './conversation-input.ts'
import { markDeleted, type Replies } from './conversation-removal.ts'
import { claimPair, findOfPair, pairOf } from './direct-pair.ts'
import { Member } from './member.entity.ts'
import { readMomentCursor } from './moment-cursor.ts'
import { type CreateConversationInput, type NewConversation, readNewConversation } from './new-conversation.ts'
import type { People } from './people.ts'
import { requireRight } from './policy.ts'

/** What to change; undefined leaves it as it is, null takes it away. */
export interface UpdateConversationInput {
  title?: string | null | undefined
  topic?: string | null | undefined
  assistant?: AssistantSettingsInput | null | undefined
}

/** Making, changing and deleting conversations, and finding the viewer's. */
export class ConversationService {
  readonly #bus: EventBus
  readonly #people: People
  readonly #models: ModelCatalogue
  readonly #changes: ConversationChanges
  readonly #replies: Replies
  readonly #logger: Logger

  constructor(options: {
    bus: EventBus
    people: People
    models: ModelCatalogue
    changes: ConversationChanges
    replies: Replies
    logger: Logger
  }) {
    this.#bus = options.bus
    this.#people = options.people
    this.#models = options.models
    this.#changes = options.changes
    this.#replies = options.replies
    this.#logger = options.logger
  }

  /**
   * Makes a conversation that the viewer owns. A DIRECT one nobody owns, and where the pair has one, that is returned
   * as it is.
   *
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND, UNKNOWN_MODEL; SubgraphUnavailableError
   */
  async create(em: EntityManager, viewerId: string, input: CreateConversationInput): Promise<Conversation> {
    const made = readNewConversation(input, viewerId, this.#models)
    const existing = await this.#people.existing(made.others)
    if (made.others.some((id) => !existing.has(id))) {
      throw new UserFault('NOT_FOUND', 'One of the members does not exist.', ['input', 'memberIds'])
    }
    const [other] = made.others
    if (made.kind === 'DIRECT' && other !== undefined) return this.#findOrStoreDirect(em, viewerId, other, made)
    const id = newUuid()
    await em.transactional((transaction) => store(transaction, id, viewerId, made))
    this.#ring(viewerId, made)
    return em.findOneOrFail(Conversation, id)
  }

  /**
   * Changes what is given and not the same already.
   *
   * @throws NotFoundError, ForbiddenError; UserFault BAD_USER_INPUT, UNKNOWN_MODEL
   */
  update(em: EntityManager, viewer: Viewer, id: string, input: UpdateConversationInput): Promise<void> {
    const { title, topic, assistant } = input
    return this.#changes.make(em, viewer, id, async (change) => {
      const { conversation, record } = change
      requireRight(change, 'see the conversation')
      if (title !== undefined || topic !== undefined) requireRight(change, 'change title or topic')
      if (assistant !== undefined) requireRight(change, 'change the assistant')
      const before = settingsOf(conversation)
      const after = {
        title: title === undefined ? before.title : readTitle(title),
        topic: topic === undefined ? before.topic : readTopic(topic),
        assistant: assistant === undefined ? before.assistant : this.#newAssistant(conversation, assistant),
      }
      if (isDeepStrictEqual(before, after)) return
      Object.assign(conversation, after)
      record({ kind: 'ConversationUpdated' })
    })
  }

  /**
   * Deletes a conversation for everybody. Nobody finds it from now on; its content is removed a little later.
   *
   * @throws NotFoundError, ForbiddenError
   */
  async delete(em: EntityManager, viewer: Viewer, id: string): Promise<void> {
    await this.#changes.make(em, viewer, id, async (change) => {
      requireRight(change, 'delete the conversation')
      await markDeleted(change)
    })
    try {
      await this.#replies.stop(() => em.fork(), id)
    } catch (error) {
      // The conversation is deleted, whatever came of this. Until its removal a reply may be written that nobody will read.
      const words = 'could not stop the replies of a deleted conversation; its removal will'
      this.#logger.warn({ err: error, conversationId: id }, words)
    }
  }

  /** The viewer's conversations in the page's direction, one more than its size where there is one. */
  async list(em: EntityManager, viewerId: string, page: PageRequest, kind?: Conversation['kind'] | null) {
    const [comparison, order] = page.direction === 'forward' ? ['<', 'DESC'] : ['>', 'ASC']
    const [activity, id] = readMomentCursor('conversation', page) ?? []
    const rows = await em.execute(
      `SELECT c.* FROM chat.member m JOIN chat.conversation c ON c.id = m.conversation_id
       WHERE m.user_id = ? AND c.deleted_at IS NULL
         AND (?::text IS NULL OR c.kind = ?)
         AND (?::timestamptz IS NULL OR (c.last_activity_at, c.id) ${comparison} (?::timestamptz, ?::uuid))
       ORDER BY c.last_activity_at ${order}, c.id ${order} LIMIT ?`,
      [viewerId, kind ?? null, kind ?? null, activity ?? null, activity ?? null, id ?? null, page.size + 1],
    )
    return readEntities(em, Conversation, rows)
  }

  async #findOrStoreDirect(em: EntityManager, viewerId: string, otherId: string, made: NewConversation) {
    const pair = pairOf(viewerId, otherId)
    for (;;) {
      const found = await findOfPair(em, pair)
      if (found) return found
      const id = newUuid()
      const isOurs = await em.transactional(async (transaction) => {
        const claimed = await claimPair(transaction, pair, id)
        if (claimed) await store(transaction, id, viewerId, made)
        return claimed
      })
      if (isOurs) this.#ring(viewerId, made)
    }
  }

  #newAssistant({ kind, assistant }: Conversation, input: AssistantSettingsInput | null) {
    if (input !== null) return changeAssistantSettings(assistant ?? null, input, this.#models)
    return kind === 'ASSISTANT' ? readAssistantSettings({}, this.#models) : null
  }

  #ring(viewerId: string, { others }: NewConversation): void {
    for (const userId of [viewerId, ...others]) this.#bus.publish(inboxDoorbellOf(userId), null)
  }
}

const settingsOf = ({ title, topic, assistant }: Conversation) => ({
  title: title ?? null,
  topic: topic ?? null,
  assistant: assistant ?? null,
})

/** Within the caller's transaction. */
async function store(
  em: EntityManager,
  conversationId: string,
  viewerId: string,
  { others, ...conversation }: NewConversation,
): Promise<void> {
  await em.insert(Conversation, {
    ...conversation,
    id: conversationId,
    epoch: randomUUID(),
    memberCount: others.length + 1,
  })
  await em.insertMany(Member, [
    { conversationId, userId: viewerId, role: conversation.kind === 'DIRECT' ? 'MEMBER' : 'OWNER' },
    ...others.map((userId) => ({ conversationId, userId, role: 'MEMBER' as const })),
  ])
  await touchInboxes(em, [viewerId, ...others])
}
