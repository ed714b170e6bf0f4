import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { appendText, type Claim, claimNext, finish, LeaseLostError } from '../assistant/generation-lease.ts'
import { Conversation } from '../conversation/conversation.entity.ts'
import { Member } from '../conversation/member.entity.ts'
import { Message } from '../message/message.entity.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { DeletionList } from './testing/deletion-list.ts'

const LEASE_MS = 60_000
const OUTCOME = { omittedMessages: 0, usage: { inputTokens: 1, outputTokens: 2, isEstimated: false } }

describe('somebody whose account was deleted', () => {
  let chat: ChatFixture
  let list: DeletionList
  beforeAll(async () => {
    chat = await openChatFixture()
    list = new DeletionList(chat)
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** A conversation of these people; the first owns it, and they joined in this order. */
  async function converse(kind: Conversation['kind'], owner: string, ...others: string[]): Promise<Conversation> {
    const { id } = await chat.conversations.create(chat.fork(), owner, { kind })
    for (const userId of others) await join(id, userId)
    return chat.fork().findOneOrFail(Conversation, id)
  }

  async function join(conversationId: string, userId: string, role: Member['role'] = 'MEMBER'): Promise<void> {
    const em = chat.fork()
    await em.execute('UPDATE chat.conversation SET member_count = member_count + 1 WHERE id = ?', [conversationId])
    await em.insert(Member, { conversationId, userId, role })
  }

  const say = (conversation: Conversation, authorId: string, body: string) =>
    chat.messages.send(chat.fork(), authorId, conversation, { body, clientId: randomUUID() })

  const messagesOf = ({ id }: Conversation) =>
    chat.fork().find(Message, { conversationId: id }, { orderBy: { number: 'asc' } })

  async function rolesIn({ id }: Conversation): Promise<Record<string, string>> {
    const members = await chat.fork().find(Member, { conversationId: id })
    return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
  }

  /** How many rows of each table belong to the conversation. */
  async function rowsOf({ id }: Conversation): Promise<Record<string, number>> {
    const [row] = await chat.fork().execute<Record<string, number>[]>(
      `SELECT ${['member', 'message', 'conversation_event', 'generation', 'generation_chunk']
        .map((table) => `(SELECT count(*)::integer FROM chat.${table} WHERE conversation_id = c.id) AS ${table}`)
        .join(', ')}, (SELECT count(*)::integer FROM chat.conversation WHERE id = c.id) AS conversation
       FROM (SELECT ?::uuid AS id) c`,
      [id],
    )
    return row ?? {}
  }

  const NOTHING = {
    member: 0,
    message: 0,
    conversation_event: 0,
    generation: 0,
    generation_chunk: 0,
    conversation: 0,
  }

  async function claim(): Promise<Claim> {
    const claim = await claimNext(chat.fork(), LEASE_MS)
    if (!claim) throw new Error('There is no reply to write.')
    return claim
  }

  it('leaves what they said without an author, and what others said as it was', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const group = await converse('GROUP', ada, bob)
    await say(group, ada, 'Hello, Bob.')
    await say(group, bob, 'Hello, Ada.')
    const before = await messagesOf(group)
    await list.apply(ada)

    const [hers, his] = before
    expect(await messagesOf(group)).toEqual([{ ...hers, authorId: null, clientId: null }, his])
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

  it('leaves roles alone where they were no owner', async () => {
    const [ada, bob, cy] = [newUuid(), newUuid(), newUuid()]
    const group = await converse('GROUP', bob, cy, ada)
    await list.apply(ada)

    expect(await rolesIn(group)).toEqual({ [bob]: 'OWNER', [cy]: 'MEMBER' })
  })

  it('takes along every conversation in which nobody is left, with all that is in it', async () => {
    const ada = newUuid()
    const talk = await converse('ASSISTANT', ada)
    const notes = await converse('GROUP', ada)
    await say(notes, ada, 'A note')
    await say(talk, ada, 'The first question')
    await finish(chat.fork(), await claim(), OUTCOME)
    await say(talk, ada, 'The second question')
    await appendText(chat.fork(), await claim(), { offset: 0, text: 'Half an ans' }, LEASE_MS)
    expect(Object.values(await rowsOf(talk))).not.toContain(0)
    await list.apply(ada)

    expect(await rowsOf(talk)).toEqual(NOTHING)
    expect(await rowsOf(notes)).toEqual(NOTHING)
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

  it('takes along a long history in steps, of no more than 5,000 messages each', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const talk = await converse('ASSISTANT', ada)
    const group = await converse('GROUP', bob, ada)
    for (const { id } of [talk, group]) {
      await chat.fork().execute(
        `WITH said AS (
           INSERT INTO chat.message (conversation_id, number, id, role, author_id, body)
           SELECT ?::uuid, n, gen_random_uuid(), 'USER', ?::uuid, 'Line ' || n FROM generate_series(1, 11000) n
           RETURNING conversation_id, number, id
         )
         INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id)
         SELECT conversation_id, number, 'MessageAdded', id FROM said`,
        [id, ada],
      )
    }
    const statements = await chat.statementsOf(() => list.apply(ada))

    expect(await rowsOf(talk)).toEqual(NOTHING)
    expect(await rowsOf(group)).toMatchObject({ message: 11_000, conversation_event: 11_000, member: 1 })
    expect((await messagesOf(group)).filter(({ authorId }) => authorId !== null)).toEqual([])
    const batches = (pattern: RegExp) => statements.filter((statement) => pattern.test(statement)).length
    expect(batches(/UPDATE chat\.message/)).toBe(3)
    expect(batches(/DELETE FROM chat\.message\s+WHERE ctid/)).toBe(3)
  })

  it('has the worker that writes for them stop, and no other begin', async () => {
    const ada = newUuid()
    await say(await converse('ASSISTANT', ada), ada, 'Tell me.')
    const reply = await claim()
    await appendText(chat.fork(), reply, { offset: 0, text: 'Once' }, LEASE_MS)
    await say(await converse('ASSISTANT', ada), ada, 'Nobody has begun with this one.')
    await list.apply(ada)

    await expect(appendText(chat.fork(), reply, { offset: 4, text: ' upon' }, LEASE_MS)).rejects.toThrow(LeaseLostError)
    await expect(finish(chat.fork(), reply, OUTCOME)).rejects.toThrow(LeaseLostError)
    expect(await claimNext(chat.fork(), LEASE_MS)).toBeNull()
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
    await blockedStatement('chat.generation')
    await worker.execute('UPDATE chat.conversation SET event_seq = event_seq + 1 WHERE id = ?', [talk.id])
    await worker.commit()
    await list.applied()

    expect(await rowsOf(talk)).toEqual(NOTHING)
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
    list.add(ada)
    await using _process = list.start()
    await blockedStatement('FOR UPDATE')
    await sender.execute('UPDATE chat.conversation SET event_seq = event_seq + 1 WHERE id = ?', [talk.id])
    await sender.commit()
    await list.applied()

    expect(await rowsOf(talk)).toEqual(NOTHING)
    expect(list.said).toEqual([])
  })

  /** Waits until a statement with this in it waits for a lock. */
  async function blockedStatement(part: string): Promise<void> {
    const find = () =>
      chat.fork().execute(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND position(? IN query) > 0`,
        [part],
      )
    await expect.poll(find, { timeout: 10_000, interval: 20 }).toHaveLength(1)
  }
})
