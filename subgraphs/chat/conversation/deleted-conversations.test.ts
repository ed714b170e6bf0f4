import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import { ReplyRemoval } from '../assistant/control/reply-removal.ts'
import { appendChunks } from '../assistant/generation/append-chunks.ts'
import type { Claim } from '../assistant/generation/generation-lease.ts'
import { claimReply } from '../assistant/generation/testing/claims.ts'
import { blockedStatement } from '../testing/blocked-statement.ts'
import { openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import type { Conversation } from './conversation.entity.ts'
import { ConversationService } from './conversation.service.ts'
import { ConversationChanges } from './conversation-change.ts'
import { DeletedConversations } from './deleted-conversations.ts'
import { ConversationCalls, SEEN } from './testing/conversation-calls.ts'

const LEASE_MS = 60_000
const MODERATE = ['conversations:moderate']

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const calls = new ConversationCalls(chat)
/** The tables that hold what is in a conversation. */
const content = (
  await chat.fork().execute<{ name: string }[]>(
    `SELECT table_name AS name FROM information_schema.columns
     WHERE table_schema = 'chat' AND column_name = 'conversation_id'`,
  )
).map(({ name }) => name)

const append = async (reply: Claim, offset: number, text: string) => {
  const [appended] = await appendChunks(chat.fork(), [{ ...reply, offset, text }], LEASE_MS)
  return appended?.verdict
}
const erase = (userId: string, conversation: Conversation, scope: string[] = []) =>
  calls.change(userId, 'deleteConversation', conversation, {}, scope)

describe('a deleted conversation', () => {
  const READS: Record<string, string> = {
    conversation: `query ($id: ID!) { conversation(id: $id) { ${SEEN} } }`,
    updateConversation: `mutation ($id: ID!) {
      updateConversation(input: { conversationId: $id, title: "x" }) { userErrors { code } } }`,
    deleteConversation: `mutation ($id: ID!) {
      deleteConversation(input: { conversationId: $id }) { userErrors { code } } }`,
    joinChannel: `mutation ($id: ID!) { joinChannel(input: { conversationId: $id }) { userErrors { code } } }`,
    leaveConversation: `mutation ($id: ID!) {
      leaveConversation(input: { conversationId: $id }) { userErrors { code } } }`,
    muteConversation: `mutation ($id: ID!) {
      muteConversation(input: { conversationId: $id, muted: true }) { userErrors { code } } }`,
  }

  it('is gone for everybody, in every way to reach it', async () => {
    const ada = chat.viewerId
    const channel = await chat.converse('CHANNEL')
    const { message } = await chat.say(channel, 'Hello')
    expect(await erase(ada, channel)).toEqual({
      conversation: null,
      deletedConversationId: encodeId('cnv', channel.id),
      userErrors: [],
      codes: [],
    })

    for (const userId of [ada, newUuid()]) {
      for (const source of Object.values(READS)) {
        const { errors } = await chat.run(userId, source, { id: encodeId('cnv', channel.id) })
        expect(
          errors?.map(({ message }) => message),
          source,
        ).toEqual(['No such conversation.'])
      }
      expect(await calls.list(userId)).not.toContain(channel.id)
      const { errors } = await chat.run(userId, 'query ($id: ID!) { message(id: $id) { body } }', {
        id: encodeId('msg', message.id),
      })
      expect(errors?.map((error) => error.message)).toEqual(['No such message.'])
    }
    expect((await calls.eventsOf(channel)).at(-1)).toEqual({ kind: 'ConversationDeleted' })
  })

  it('rings for those who follow it', async () => {
    const group = await chat.converse('GROUP')
    const rings: unknown[] = []
    chat.bus.subscribe(`conversation/${group.id}`, (payload) => void rings.push(payload))
    await erase(chat.viewerId, group)
    const events = [{ kind: 'ConversationDeleted', seq: 1 }]
    await expect.poll(() => rings).toEqual([{ epoch: group.epoch, events, at: expect.any(Number) }])
  })

  it('has the reply that is being written there stop at once', async () => {
    const talk = await chat.converse('ASSISTANT')
    await chat.say(talk, 'Tell me.')
    const reply = await claimReply(chat.fork())
    if (!reply) throw new Error('There is no reply to write.')
    await erase(chat.viewerId, talk)

    expect(await append(reply, 0, 'Once')).toBe('refused')
    expect(await claimReply(chat.fork())).toBeNull()
  })

  it('was one for its owner to delete, and in a GROUP or CHANNEL for moderators', async () => {
    const [ada, bob, eve] = [chat.viewerId, newUuid(), newUuid()]
    const memberIds = [encodeId('usr', bob)]
    for (const kind of ['GROUP', 'CHANNEL'] as const) {
      const shared = await chat.converse(kind, { memberIds })
      await calls.change(ada, 'setMemberRole', shared, { userId: encodeId('usr', bob), role: 'ADMIN' })
      expect((await erase(bob, shared)).codes).toEqual(['FORBIDDEN'])
      expect((await erase(eve, shared)).codes).toEqual([kind === 'GROUP' ? 'NOT_FOUND' : 'FORBIDDEN'])
      expect((await erase(eve, shared, MODERATE)).codes).toEqual([])
    }
    const talk = await chat.converse('ASSISTANT')
    expect((await erase(eve, talk, MODERATE)).codes).toEqual(['NOT_FOUND'])
    expect((await erase(ada, talk)).codes).toEqual([])
    const direct = await chat.converse('DIRECT', { memberIds })
    expect((await erase(ada, direct, MODERATE)).codes).toEqual(['FORBIDDEN'])
    expect((await erase(eve, direct, MODERATE)).codes).toEqual(['NOT_FOUND'])
  })
})

describe('what was said in a deleted conversation', () => {
  const complaints: string[] = []
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  logger.error = (_: unknown, message?: string) => void complaints.push(String(message))

  const start = (delayMs = 0) =>
    new DeletedConversations({
      fork: chat.fork,
      replies: new ReplyRemoval(chat),
      logger,
      times: { everyMs: 20, delayMs },
    })

  async function rowsOf({ id }: Conversation, tables = content): Promise<Record<string, number>> {
    const counts = tables.map(
      (table) => `(SELECT count(*)::integer FROM chat.${table} WHERE conversation_id = c.id) AS ${table}`,
    )
    const [row] = await chat.fork().execute<Record<string, number>[]>(
      `SELECT ${counts.join(', ')}, (SELECT count(*)::integer FROM chat.conversation WHERE id = c.id) AS conversation
       FROM (SELECT ?::uuid AS id) c`,
      [id],
    )
    return row ?? {}
  }

  const isGone = async (conversation: Conversation) =>
    Object.values(await rowsOf(conversation)).every((count) => count === 0)

  /** A conversation with rows in every table, its reply being written. */
  async function full(): Promise<{ talk: Conversation; reply: Claim }> {
    const talk = await chat.converse('ASSISTANT')
    await chat.say(talk, 'A question')
    const reply = await claimReply(chat.fork())
    if (!reply) throw new Error('There is no reply to write.')
    await append(reply, 0, 'Half an ans')
    for (const statement of [
      'INSERT INTO chat.mention (conversation_id, number, user_id, position) VALUES (?, 1, gen_random_uuid(), 0)',
      `INSERT INTO chat.reaction (conversation_id, number, emoji, user_id) VALUES (?, 1, '👍', gen_random_uuid())`,
      `INSERT INTO chat.message_edit (conversation_id, number, version, body, edited_at) VALUES (?, 1, 1, 'x', now())`,
      `INSERT INTO chat.direct_pair (lower_user_id, higher_user_id, conversation_id)
       VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), ?)`,
      `INSERT INTO chat.tool_call (conversation_id, id, generation_id, message_id, step, position, text_offset,
         provider_id, name, arguments, status)
       SELECT conversation_id, gen_random_uuid(), id, message_id, 1, 0, 0, 'call', 'a_tool', '{}', 'RUNNING'
       FROM chat.generation WHERE conversation_id = ?`,
      `INSERT INTO chat.tool_quote (conversation_id, tool_call_id, quoted_conversation_id, message_id)
       SELECT conversation_id, id, gen_random_uuid(), gen_random_uuid() FROM chat.tool_call WHERE conversation_id = ?`,
      `INSERT INTO chat.conversation_summary (conversation_id, up_to, body) VALUES (?, 1, 'A question was asked.')`,
      `INSERT INTO chat.assistant_task (conversation_id, kind, model) VALUES (?, 'TITLE', 'a-model')`,
    ]) {
      await chat.fork().execute(statement, [talk.id])
    }
    await chat.ledger.reserve(chat.fork(), reply, { inputTokens: 1, outputTokens: 1 })
    expect(Object.values(await rowsOf(talk))).not.toContain(0)
    return { talk, reply }
  }

  it('is removed from every table, and the reply that is being written ends', async () => {
    const { talk, reply } = await full()
    const kept = await chat.converse('GROUP')
    await erase(chat.viewerId, talk)
    await using _worker = start()
    await expect.poll(() => isGone(talk)).toBe(true)

    expect(await append(reply, 11, 'wer')).toBe('refused')
    expect(await rowsOf(kept, ['member'])).toEqual({ member: 1, conversation: 1 })
    expect(complaints).toEqual([])
  })

  it('stays for the delay, by the database’s clock', async () => {
    const [early, late] = [await chat.converse('GROUP'), await chat.converse('GROUP')]
    for (const group of [early, late]) await erase(chat.viewerId, group)
    await chat
      .fork()
      .execute(`UPDATE chat.conversation SET deleted_at = now() - interval '61 seconds' WHERE id = ?`, [early.id])
    await using _worker = start(60_000)
    await expect.poll(() => isGone(early)).toBe(true)

    expect(await rowsOf(late, ['member'])).toEqual({ member: 1, conversation: 1 })
  })

  it('is removed in steps of no more than 5,000 rows, by one of several processes at a time', async () => {
    const group = await chat.converse('CHANNEL')
    await chat.fork().execute(
      `WITH said AS (
         INSERT INTO chat.message (conversation_id, number, id, role, author_id, body)
         SELECT ?::uuid, n, gen_random_uuid(), 'USER', gen_random_uuid(), 'Line' FROM generate_series(1, 11000) n
         RETURNING *
       )
       INSERT INTO chat.member (conversation_id, user_id, role) SELECT conversation_id, author_id, 'MEMBER' FROM said`,
      [group.id],
    )
    // What other tests have left is not counted.
    await chat.fork().execute('UPDATE chat.conversation SET deleted_at = NULL')
    await erase(chat.viewerId, group)
    const statements = await chat.statementsOf(async () => {
      await using _workers = new AsyncDisposableStack()
      for (let count = 0; count < 4; count += 1) _workers.use(start())
      await expect.poll(() => isGone(group)).toBe(true)
    })

    const batches = (table: string) =>
      statements.filter((statement) => new RegExp(`DELETE FROM chat.${table}\\s+WHERE ctid`).test(statement)).length
    expect([batches('message'), batches('member')]).toEqual([3, 3])
    expect(complaints).toEqual([])
  })

  it('is removed further by the next process when one is stopped in the middle', async () => {
    const { talk } = await full()
    await erase(chat.viewerId, talk)
    const sender = chat.fork()
    await sender.begin()
    await sender.execute(`UPDATE chat.message SET body = 'held' WHERE conversation_id = ? AND number = 1`, [talk.id])
    const stopped = start()
    await expect.poll(() => rowsOf(talk, ['generation'])).toMatchObject({ generation: 0 })
    await blockedStatement(chat, 'chat.message')
    const stopping = stopped[Symbol.asyncDispose]()
    await sender.commit()
    await stopping
    expect(await rowsOf(talk, ['member'])).toEqual({ member: 1, conversation: 1 })

    await using _next = start()
    await expect.poll(() => isGone(talk)).toBe(true)
    expect(complaints).toEqual([])
  })

  it('keeps no table locked between the steps, however long they take', async () => {
    const { talk } = await full()
    await erase(chat.viewerId, talk)
    const sender = chat.fork()
    await sender.begin()
    await sender.execute(`UPDATE chat.message SET body = 'held' WHERE conversation_id = ? AND number = 1`, [talk.id])
    const statements = await chat.statementsOf(async () => {
      await using _worker = start()
      await expect.poll(() => rowsOf(talk, ['generation'])).toMatchObject({ generation: 0 })
      await blockedStatement(chat, 'chat.message')
      const locks = await chat.fork().execute(
        `SELECT relation::regclass::text AS relation FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'
           AND locktype = 'relation' AND relation = 'chat.conversation'::regclass`,
      )
      expect(locks).toEqual([])
      await sender.commit()
      await expect.poll(() => isGone(talk)).toBe(true)
    })
    expect(statements.join()).toContain('SET LOCAL idle_in_transaction_session_timeout = 0')
  })

  it('goes although somebody is just writing there', async () => {
    const group = await chat.converse('GROUP')
    const sender = chat.fork()
    await sender.begin()
    await sender.execute(
      `INSERT INTO chat.generation (conversation_id, id, message_id, status, model) VALUES (?, ?, ?, 'QUEUED', 'a-model')`,
      [group.id, randomUUID(), randomUUID()],
    )
    // Deleting takes no lock that the sender's would bar.
    await erase(chat.viewerId, group)
    await using _worker = start()
    await blockedStatement(chat, 'FOR UPDATE')
    await sender.commit()
    await expect.poll(() => isGone(group)).toBe(true)
    expect(complaints).toEqual([])
  })

  it('goes also when its reply could not be stopped at once, which the log tells', async () => {
    const warnings: unknown[] = []
    const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
    logger.warn = (...said: unknown[]) => void warnings.push(said)
    const changes = new ConversationChanges(chat)
    const conversations = new ConversationService({ ...chat, changes, replies: new ReplyRemoval(chat), logger })
    const talk = await chat.converse('ASSISTANT')
    await chat.say(talk, 'Tell me.')
    await chat.fork().execute(
      `CREATE FUNCTION chat.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
       CREATE TRIGGER refuse BEFORE UPDATE ON chat.generation FOR EACH ROW EXECUTE FUNCTION chat.refuse()`,
    )
    await conversations.delete(chat.fork(), viewerNamed(chat.viewerId), talk.id)
    await chat.fork().execute('DROP FUNCTION chat.refuse() CASCADE')

    expect(await calls.list(chat.viewerId)).not.toContain(talk.id)
    const said = 'could not stop the replies of a deleted conversation; its removal will'
    expect(warnings).toEqual([
      [
        { err: expect.objectContaining({ message: expect.stringContaining('not now') }), conversationId: talk.id },
        said,
      ],
    ])
    await using _worker = start()
    await expect.poll(() => isGone(talk)).toBe(true)
    expect(complaints).toEqual([])
  })
})
