import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../../../platform/database.ts'
import { ConfigurationError } from '../../../platform/environment.ts'
import { newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import { administer } from '../../../tests/support/administer.ts'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts'
import { Conversation } from '../conversation/conversation.entity.ts'
import { openChatDatabase } from '../database.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { ConversationsAndReplies } from './001-conversations-and-replies.ts'
import { AppliedDeletions } from './002-applied-deletions.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

it('a message that was sent before it had a digest is what was meant when it is sent again', async () => {
  const database = await createTestDatabase()
  const old = await openDatabase({
    url: database.url,
    schema: 'chat',
    entities: [Conversation],
    migrations: [
      { name: '001-conversations-and-replies', class: ConversationsAndReplies },
      { name: '002-applied-deletions', class: AppliedDeletions },
    ],
    logger,
  })
  await old.close(true)
  const [conversationId, authorId, clientId] = [newUuid(), newUuid(), randomUUID()]
  await administer(
    database.url,
    `INSERT INTO chat.conversation (id, kind, epoch, message_count, member_count)
     VALUES ('${conversationId}', 'GROUP', gen_random_uuid(), 1, 1);
     INSERT INTO chat.member (conversation_id, user_id, role) VALUES ('${conversationId}', '${authorId}', 'OWNER');
     INSERT INTO chat.message (conversation_id, number, id, role, author_id, client_id, body)
     VALUES ('${conversationId}', 1, gen_random_uuid(), 'USER', '${authorId}', '${clientId}', 'Hello')`,
  )

  await using chat = await openChatFixture(database)
  const conversation = await chat.fork().findOneOrFail(Conversation, conversationId)
  const { message } = await chat.services.messages.send(chat.fork(), authorId, conversation, {
    body: 'Hello',
    clientId,
  })
  expect(message).toMatchObject({ number: 1, body: 'Hello', requestDigest: null })
})

describe('a role that owns the schema alone', () => {
  const databases: TestDatabase[] = []
  afterEach(async () => {
    for (const database of databases.splice(0)) await database[Symbol.asyncDispose]()
  })

  it('is told what the database’s owner must do for search, and starts when that is done', async () => {
    const database = await createTestDatabase()
    databases.push(database)
    const role = `role_${randomUUID().replaceAll('-', '')}`
    await administer(database.url, `CREATE ROLE ${role} LOGIN; CREATE SCHEMA chat AUTHORIZATION ${role}`)
    const url = database.url.replace(/\/\/[^@]+@/u, `//${role}@`)
    try {
      const failure = await openChatDatabase(url, logger).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(ConfigurationError)
      expect(String(failure)).toContain(`lacks the extension pg_trgm, and ${role} may not install it`)

      await administer(database.url, 'CREATE EXTENSION pg_trgm')
      for (const _ of ['the first start', 'the next']) {
        const orm = await openChatDatabase(url, logger)
        expect(await orm.em.fork().execute('SELECT FROM chat.message')).toEqual([])
        await orm.close(true)
      }
    } finally {
      await administer(database.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })
})
