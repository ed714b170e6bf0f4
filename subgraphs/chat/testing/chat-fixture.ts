import { randomUUID } from 'node:crypto'
import type { EntityManager } from '@mikro-orm/postgresql'
import { newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import { MemoryEventBus } from '../../../platform/memory-event-bus.ts'
import { ServiceClient } from '../../../platform/service-client.ts'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { Models } from '../assistant/models.ts'
import { ReplyQueue } from '../assistant/reply-queue.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { ConversationService } from '../conversation/conversation.service.ts'
import { RemotePeople } from '../conversation/people.ts'
import { openChatDatabase } from '../database.ts'
import { MessageService } from '../message/message.service.ts'

/** The chat subgraph's services on a database of their own, without GraphQL and without a worker. */
export interface ChatFixture extends AsyncDisposable {
  readonly bus: MemoryEventBus
  readonly conversations: ConversationService
  readonly messages: MessageService
  readonly models: Models
  readonly viewerId: string
  /** A new entity manager. */
  fork(): EntityManager
  /** Runs `work` and returns the SQL statements it made. */
  statementsOf(work: () => Promise<unknown>): Promise<string[]>
  /** A new conversation of the viewer. */
  converse(kind?: Conversation['kind']): Promise<Conversation>
  /** Says something. */
  say(conversation: Conversation, body: string): ReturnType<MessageService['send']>
}

export async function openChatFixture(): Promise<ChatFixture> {
  const database = await createTestDatabase()
  const statements: string[] = []
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  logger.debug = (statement: unknown) => void statements.push(String(statement))
  const orm = await openChatDatabase(database.url, logger)
  const bus = new MemoryEventBus()
  const models = new Models(['a-model'], false)
  const people = new RemotePeople(
    new ServiceClient({ service: 'auth', origin: 'http://nobody.invalid', signer: undefined }),
  )
  const conversations = new ConversationService({ people, models })
  const messages = new MessageService({ bus, responder: new ReplyQueue({ bus, models }) })
  const fork = () => orm.em.fork()
  const viewerId = newUuid()
  return {
    bus,
    conversations,
    messages,
    models,
    viewerId,
    fork,
    async statementsOf(work) {
      statements.length = 0
      orm.config.set('debug', ['query'])
      await work()
      orm.config.set('debug', false)
      return [...statements]
    },
    converse: (kind = 'ASSISTANT') => conversations.create(fork(), viewerId, { kind }),
    say: (conversation, body) => messages.send(fork(), viewerId, conversation, { body, clientId: randomUUID() }),
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]()
      await orm.close(true)
      await database[Symbol.asyncDispose]()
    },
  }
}
