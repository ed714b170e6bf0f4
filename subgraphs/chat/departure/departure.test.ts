import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { appendChunks } from '../assistant/generation/append-chunks.ts'
import { type Claim, LeaseLostError } from '../assistant/generation/generation-lease.ts'
import { claimReply, finishReply } from '../assistant/generation/testing/claims.ts'
import { Conversation } from '../conversation/conversation.entity.ts'
import { Member } from '../conversation/member.entity.ts'
import { ConversationCalls } from '../conversation/testing/conversation-calls.ts'
import { readInboxVersions } from '../event-log/inbox-head.ts'
import { Message } from '../message/message.entity.ts'
import { blockedStatement } from '../testing/blocked-statement.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import { DeletionList } from './testing/deletion-list.ts'

const LEASE_MS = 60_000

describe('somebody whose account was deleted', () => {
  let chat: ChatFixture
  let list: DeletionList
  let calls: ConversationCalls
  beforeAll(async () => {
    chat = await openChatFixture()
    list = new DeletionList(chat)
    calls = new ConversationCalls(chat)
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** A conversation of these people; the first owns it, and they joined in this order. */
  async function converse(kind: Conversation['kind'], owner: string, ...others: string[]): Promise<Conversation> {
    const memberIds = kind === 'DIRECT' ? others.map((id) => encodeId('usr', id)) : []
    const { id } = await chat.services.conversations.create(chat.fork(), owner, { kind, memberIds })
    if (kind !== 'DIRECT') for (const userId of others) await join(id, userId)
    return chat.fork().findOneOrFail(Conversation, id)
  }

  async function join(conversationId: string, userId: string, role: Member['role'] = 'MEMBER'): Promise<void> {
    const em = chat.fork()
    await em.execute('UPDATE chat.conversation SET member_count = member_count + 1 WHERE id = ?', [conversationId])
    await em.insert(Member, { conversationId, userId, role })
  }

  const say = (conversation: Conversation, authorId: string, body: string) =>
    chat.services.messages.send(chat.fork(), authorId, conversation, { body, clientId: randomUUID() })

  const messagesOf = ({ id }: Conversation) =>
    chat.fork().find(Message, { conversationId: id }, { orderBy: { number: 'asc' } })

  async function rolesIn({ id }: Conversation): Promise<Record<string, string>> {
    const members = await chat.fork().find(Member, { conversationId: id })
    return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
  }

  /** Whether it was deleted, for the worker to remove, with everybody who follows it told. */
  async function isDeleted({ id }: Conversation): Promise<boolean> {
    const { deletedAt } = await chat.fork().findOneOrFail(Conversation, id)
    const events = await calls.eventsOf({ id })
    return deletedAt != null && events.filter(({ kind }) => kind === 'ConversationDeleted').length === 1
  }

  const eventsOf = (conversation: Conversation) => calls.eventsOf(conversation)

  async function claim(): Promise<Claim> {
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply to write.')
    return claim
  }

  const append = async (reply: Claim, offset: number, text: string) => {
    const [appended] = await appendChunks(chat.fork(), [{ ...reply, offset, text }], LEASE_MS)
    return appended?.verdict
  }

  it('leaves what they said without an author, and what others said as it was', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const group = await converse('GROUP', ada, bob)
    await say(group, ada, 'Hello, Bob.')
    await say(group, bob, 'Hello, Ada.')
    const before = await messagesOf(group)
    await list.apply(ada)

    const [hers, his] = before
    expect(await messagesOf(group)).toEqual([{ ...hers, authorId: null, clientId: null, requestDigest: null }, his])
  })

  it('is named by no summary, and those that tell of others alone stay', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const [hers, his] = [await converse('GROUP', ada, bob), await converse('GROUP', bob, ada)]
    await say(hers, ada, 'I move to Turin.')
    await say(his, bob, 'So do I.')
    for (const { id } of [hers, his]) {
      await chat
        .fork()
        .execute(`INSERT INTO chat.conversation_summary (conversation_id, up_to, body) VALUES (?, 1, 'Turin.')`, [id])
    }
    await list.apply(ada)

    const left = await chat
      .fork()
      .execute('SELECT conversation_id AS id FROM chat.conversation_summary WHERE conversation_id IN (?)', [
        [hers.id, his.id],
      ])
    expect(left).toEqual([{ id: his.id }])
  })

  it('is no longer a member, and the longest-standing one owns what nobody else owns', async () => {
    const [ada, bob, cy] = [newUuid(), newUuid(), newUuid()]
    const group = await converse('GROUP', ada, bob, cy)
    await list.apply(ada)

    expect(await rolesIn(group)).toEqual({ [bob]: 'OWNER', [cy]: 'MEMBER' })
    expect((await chat.fork().findOneOrFail(Conversation, group.id)).memberCount).toBe(2)
  })

  it('leaves the conversation to the other owner when there is one', async () => {
    const [ada, bob, cy] = [newUuid(), newUuid(), newUuid()]
    const group = await converse('GROUP', ada, bob)
    await join(group.id, cy, 'OWNER')
    await list.apply(ada)

    expect(await rolesIn(group)).toEqual({ [bob]: 'MEMBER', [cy]: 'OWNER' })
  })

  it('is followed by the longest-standing ADMIN before longer-standing members, as the log tells', async () => {
    const [ada, bob, cy, dan] = [newUuid(), newUuid(), newUuid(), newUuid()]
    const group = await converse('GROUP', ada, bob)
    await join(group.id, cy, 'ADMIN')
    await join(group.id, dan, 'ADMIN')
    await list.apply(ada)

    expect(await rolesIn(group)).toEqual({ [bob]: 'MEMBER', [cy]: 'OWNER', [dan]: 'ADMIN' })
    expect(await eventsOf(group)).toEqual([
      { kind: 'MemberRemoved', userId: ada },
      { kind: 'MemberRoleChanged', userId: cy, role: 'OWNER' },
    ])
    expect([...(await readInboxVersions(chat.fork(), [ada, cy])).keys()]).toEqual([cy])
  })

  it('leaves a DIRECT conversation to the other, who owns it no more than before, and gives the pair up', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const direct = await converse('DIRECT', ada, bob)
    await say(direct, ada, 'Farewell.')
    await list.apply(ada)

    expect(await rolesIn(direct)).toEqual({ [bob]: 'MEMBER' })
    expect(await messagesOf(direct)).toMatchObject([{ authorId: null, body: 'Farewell.' }])
    expect((await converse('DIRECT', bob, ada)).id).not.toBe(direct.id)
  })

  it('deletes a DIRECT conversation that the other has left before', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const direct = await converse('DIRECT', ada, bob)
    await list.apply(ada)
    expect(await isDeleted(direct)).toBe(false)
    await list.apply(bob)
    expect(await isDeleted(direct)).toBe(true)
  })

  it('leaves a CHANNEL to everybody, although nobody is in it', async () => {
    const ada = newUuid()
    const channel = await converse('CHANNEL', ada)
    await say(channel, ada, 'To whom it may concern')
    await list.apply(ada)

    expect(await isDeleted(channel)).toBe(false)
    expect(await rolesIn(channel)).toEqual({})
    expect((await chat.fork().findOneOrFail(Conversation, channel.id)).memberCount).toBe(0)
    expect(await messagesOf(channel)).toMatchObject([{ authorId: null, body: 'To whom it may concern' }])
  })

  it('is no longer mentioned, has no reactions, and leaves no other trace', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const [mentioning, reacted] = [await converse('GROUP', bob), await converse('GROUP', bob)]
    await say(mentioning, bob, 'A name')
    await say(reacted, bob, 'A joke')
    const [{ id: messageId = '' } = {}] = await messagesOf(reacted)
    const [{ id: mentioningId = '' } = {}] = await messagesOf(mentioning)
    for (const [statement, id] of [
      ['INSERT INTO chat.mention (user_id, number, position, conversation_id) VALUES (?, 1, 0, ?)', mentioning.id],
      [`INSERT INTO chat.reaction (user_id, number, emoji, conversation_id) VALUES (?, 1, '👍', ?)`, reacted.id],
      [`INSERT INTO chat.reaction (user_id, number, emoji, conversation_id) VALUES (?, 1, '🎉', ?)`, reacted.id],
    ] as const) {
      await chat.fork().execute(statement, [ada, id])
    }
    await chat.fork().execute('INSERT INTO chat.inbox_head (user_id) VALUES (?)', [ada])
    await chat.fork().execute('INSERT INTO chat.last_seen (user_id, seen_at) VALUES (?, now())', [ada])
    const rings: string[] = []
    for (const { id } of [mentioning, reacted]) chat.bus.subscribe(`conversation/${id}`, () => void rings.push(id))
    await list.apply(ada)

    for (const table of ['mention', 'reaction', 'inbox_head', 'last_seen']) {
      expect(await chat.fork().execute(`SELECT FROM chat.${table} WHERE user_id = ?`, [ada]), table).toEqual([])
    }
    expect((await eventsOf(reacted)).slice(1)).toEqual([{ kind: 'ReactionsChanged', messageId }])
    expect((await eventsOf(mentioning)).slice(1)).toEqual([{ kind: 'MessageEdited', messageId: mentioningId }])
    await expect.poll(() => rings.toSorted()).toEqual([mentioning.id, reacted.id].sort())
  })

  it('is not looked for in what was deleted before', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const group = await converse('GROUP', bob, ada)
    await chat.services.conversations.delete(chat.fork(), viewerNamed(bob), group.id)
    await list.apply(ada)

    expect(await rolesIn(group)).toEqual({ [bob]: 'OWNER', [ada]: 'MEMBER' })
    expect((await eventsOf(group)).map(({ kind }) => kind)).toEqual(['ConversationDeleted'])
  })

  it('leaves roles alone where they were no owner', async () => {
    const [ada, bob, cy] = [newUuid(), newUuid(), newUuid()]
    const group = await converse('GROUP', bob, cy, ada)
    await list.apply(ada)

    expect(await rolesIn(group)).toEqual({ [bob]: 'OWNER', [cy]: 'MEMBER' })
  })

  it('deletes every conversation in which nobody is left', async () => {
    const ada = newUuid()
    const talk = await converse('ASSISTANT', ada)
    const notes = await converse('GROUP', ada)
    await say(notes, ada, 'A note')
    await say(talk, ada, 'The first question')
    await finishReply(chat.fork(), await claim())
    await say(talk, ada, 'The second question')
    await append(await claim(), 0, 'Half an ans')
    await list.apply(ada)

    expect([await isDeleted(talk), await isDeleted(notes)]).toEqual([true, true])
  })

  it('leaves no name in conversations they are no longer a member of', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const group = await converse('GROUP', bob, ada)
    await say(group, ada, 'Hello and goodbye.')
    await chat.fork().nativeDelete(Member, { conversationId: group.id, userId: ada })
    await list.apply(ada)

    expect(await messagesOf(group)).toMatchObject([{ authorId: null, body: 'Hello and goodbye.' }])
    expect(await rolesIn(group)).toEqual({ [bob]: 'OWNER' })
  })

  it('leaves a long history in steps, of no more than 5,000 messages or 500 events each', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const group = await converse('GROUP', bob, ada)
    await chat.fork().execute(
      `WITH said AS (
         INSERT INTO chat.message (conversation_id, number, id, role, author_id, body)
         SELECT ?::uuid, n, gen_random_uuid(), 'USER', ?::uuid, 'Line ' || n FROM generate_series(1, 11000) n
         RETURNING conversation_id, number
       ), named AS (
         INSERT INTO chat.mention (conversation_id, number, user_id, position)
         SELECT conversation_id, number, ?::uuid, 0 FROM said WHERE number <= 1100
       )
       INSERT INTO chat.reaction (conversation_id, number, emoji, user_id)
       SELECT conversation_id, number, emoji, ?::uuid FROM said, unnest(ARRAY['👍', '🎉']) AS emoji WHERE number <= 1100`,
      [group.id, ada, ada, ada],
    )
    const statements = await chat.statementsOf(() => list.apply(ada))

    const messages = await messagesOf(group)
    expect(messages).toHaveLength(11_000)
    expect(messages.filter(({ authorId }) => authorId !== null)).toEqual([])
    const events = await eventsOf(group)
    for (const expected of ['ReactionsChanged', 'MessageEdited']) {
      const changed = events.filter(({ kind }) => kind === expected).map(({ messageId }) => messageId)
      expect(changed, expected).toEqual(messages.slice(0, 1_100).map(({ id }) => id))
    }
    const batches = (pattern: RegExp) => statements.filter((statement) => pattern.test(statement)).length
    expect(batches(/UPDATE chat\.message/)).toBe(3)
    expect(batches(/DELETE FROM chat\.mention/)).toBe(5)
    expect(batches(/DELETE FROM chat\.reaction/)).toBe(7)
  })

  it('leaves long messages in steps of about 500,000 bytes, because every index reads them again', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const group = await converse('GROUP', bob, ada)
    await chat.fork().execute(
      `INSERT INTO chat.message (conversation_id, number, id, role, author_id, body)
       SELECT ?::uuid, n, gen_random_uuid(), 'USER', ?::uuid, repeat('Long ', 3000) FROM generate_series(1, 70) n`,
      [group.id, ada],
    )
    const statements = await chat.statementsOf(() => list.apply(ada))

    expect((await messagesOf(group)).filter(({ authorId }) => authorId !== null)).toEqual([])
    expect(statements.filter((statement) => /UPDATE chat\.message/.test(statement))).toHaveLength(3)
  })

  it('has the worker that writes for them stop, and no other begin', async () => {
    const ada = newUuid()
    await say(await converse('ASSISTANT', ada), ada, 'Tell me.')
    const reply = await claim()
    await append(reply, 0, 'Once')
    await say(await converse('ASSISTANT', ada), ada, 'Nobody has begun with this one.')
    await list.apply(ada)

    expect(await append(reply, 4, ' upon')).toBe('refused')
    await expect(finishReply(chat.fork(), reply)).rejects.toThrow(LeaseLostError)
    expect(await claimReply(chat.fork())).toBeNull()
  })

  it('waits for the worker that ends a reply at the same moment', async () => {
    const ada = newUuid()
    const talk = await converse('ASSISTANT', ada)
    await say(talk, ada, 'Tell me.')
    const { id } = await claim()
    const worker = chat.fork()
    await worker.begin()
    await worker.execute('UPDATE chat.generation SET lease_until = NULL WHERE id = ?', [id])
    list.add(ada)
    await using _process = list.start()
    await blockedStatement(chat, 'chat.generation')
    await worker.execute('UPDATE chat.conversation SET event_seq = event_seq + 1 WHERE id = ?', [talk.id])
    await worker.commit()
    await list.applied()

    expect(await isDeleted(talk)).toBe(true)
    expect(await claimReply(chat.fork())).toBeNull()
    expect(list.said).toEqual([])
  })

  it('takes along what they were just saying', async () => {
    const ada = newUuid()
    const talk = await converse('ASSISTANT', ada)
    const sender = chat.fork()
    await sender.begin()
    await sender.execute(
      `INSERT INTO chat.generation (conversation_id, id, message_id, status, model) VALUES (?, ?, ?, 'QUEUED', 'a-model')`,
      [talk.id, newUuid(), newUuid()],
    )
    await sender.execute('UPDATE chat.conversation SET message_count = message_count WHERE id = ?', [talk.id])
    list.add(ada)
    await using _process = list.start()
    await blockedStatement(chat, 'FOR NO KEY UPDATE')
    await sender.commit()
    await list.applied()

    expect(await isDeleted(talk)).toBe(true)
    expect(await claimReply(chat.fork())).toBeNull()
    expect(list.said).toEqual([])
  })
})
