import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { finish } from '../assistant/generation/ending.ts'
import { claimReply } from '../assistant/generation/testing/claims.ts'
import { PostgresLedger } from '../assistant/usage/postgres-ledger.ts'
import { bookedOn, seedReplies, setAsideFor } from '../assistant/usage/testing/accounts.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { Member } from '../conversation/member.entity.ts'
import { blockedStatement } from '../testing/blocked-statement.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { DeletionList } from './testing/deletion-list.ts'

const TABLES = ['token_reservation', 'usage_day', 'assistant_account'] as const
const COST = { inputTokens: 10, outputTokens: 20 }
const ledger = new PostgresLedger({ dailyTokens: 1_000_000, concurrentReplies: 32 })

describe('somebody whose account was deleted has no account with the assistant', () => {
  let chat: ChatFixture
  let list: DeletionList
  /** Somebody else's, who stays. */
  let group: Conversation
  let ada: string
  beforeAll(async () => {
    chat = await openChatFixture()
    list = new DeletionList(chat)
    group = await chat.converse('GROUP')
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(() => {
    ada = newUuid()
  })

  const execute = (sql: string, parameters: unknown[]) => chat.fork().execute<object[]>(sql, parameters)

  /** Which of the assistant's tables know somebody. */
  async function placesThatKnow(userId: string): Promise<string[]> {
    const columns = [
      ...TABLES.map((table) => [table, 'user_id'] as const),
      ...(['generation', 'assistant_task'] as const).map((table) => [table, 'requested_by'] as const),
    ]
    const found = await Promise.all(
      columns.map(async ([table, column]) =>
        (await execute(`SELECT FROM chat.${table} WHERE ${column} = ?`, [userId])).length > 0 ? [table] : [],
      ),
    )
    return found.flat()
  }

  /** Leaves somebody in all of these tables, with replies that have ended and one that is being written. */
  async function useAssistant(userId: string): Promise<void> {
    const [ended, running] = await seedReplies(chat, { conversationId: group.id, userId, count: 2 })
    if (!ended || !running) throw new Error('No replies were added.')
    await chat.fork().transactional((em) => ledger.admits(em, userId))
    await ledger.reserve(chat.fork(), ended, COST)
    await chat.fork().transactional((em) => ledger.settle(em, ended, COST, 1))
    await execute(`UPDATE chat.generation SET status = 'COMPLETED' WHERE id = ?`, [ended.id])
    await ledger.reserve(chat.fork(), running, COST)
    await execute(
      `INSERT INTO chat.assistant_task (conversation_id, kind, requested_by, model) VALUES (?, 'SUMMARY', ?, 'a-model')`,
      [(await chat.converse('GROUP')).id, userId],
    )
  }

  it('and nothing names them as who asked, in conversations they were never a member of either', async () => {
    const bob = newUuid()
    await useAssistant(ada)
    await useAssistant(bob)
    const everywhere = [...TABLES, 'generation', 'assistant_task']
    expect([await placesThatKnow(ada), await placesThatKnow(bob)]).toEqual([everywhere, everywhere])
    await list.apply(ada)

    expect([await placesThatKnow(ada), await placesThatKnow(bob)]).toEqual([[], everywhere])
  })

  it('and what is being written for them is written on, at nobody’s cost', async () => {
    const [reply] = await seedReplies(chat, { conversationId: group.id, userId: ada })
    if (!reply) throw new Error('No reply was added.')
    await ledger.reserve(chat.fork(), reply, COST)
    await list.apply(ada)
    await chat.fork().transactional((em) => ledger.settle(em, reply, COST, 0))
    expect(await ledger.reserve(chat.fork(), reply, { inputTokens: 5_000_000, outputTokens: 7 })).toBe(7)
    await chat.fork().transactional((em) => ledger.settle(em, reply, COST, 1))

    expect(await placesThatKnow(ada)).toEqual([])
  })

  it('also when a reply ends at the same moment and is booked', async () => {
    const talk = await chat.services.conversations.create(chat.fork(), ada, { kind: 'ASSISTANT' })
    await chat.services.messages.send(chat.fork(), ada, talk, { body: 'Why?', clientId: newUuid() })
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply to write.')
    await chat.fork().insert(Member, { conversationId: talk.id, userId: newUuid(), role: 'MEMBER' })
    await ledger.reserve(chat.fork(), claim, COST)
    const isLocked = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    const ending = finish(chat.fork(), claim, {
      outcome: { status: 'COMPLETED', finishReason: 'stop', usage: { ...COST, isEstimated: false } },
      ledger,
      beside: async () => {
        isLocked.resolve()
        await mayEnd.promise
      },
    })
    await isLocked.promise
    list.add(ada)
    await using _process = list.start()
    await blockedStatement(chat, 'requested_by = NULL')
    mayEnd.resolve()
    await ending
    await list.applied()

    expect(await placesThatKnow(ada)).toEqual([])
    expect(list.said).toEqual([])
  })

  it('in steps of no more than 5,000 replies, which pass over those that somebody holds', async () => {
    const [held] = await seedReplies(chat, { conversationId: group.id, userId: ada, count: 5_001 })
    if (!held) throw new Error('No replies were added.')
    const holder = chat.fork()
    await holder.begin()
    await holder.execute('SELECT FROM chat.generation WHERE id = ? FOR NO KEY UPDATE', [held.id])
    list.add(ada)
    const statements = await chat.statementsOf(async () => {
      await using _process = list.start()
      await blockedStatement(chat, 'requested_by = NULL')
      expect(await execute('SELECT id FROM chat.generation WHERE requested_by = ?', [ada])).toEqual([{ id: held.id }])
      await holder.commit()
      await list.applied()
    })

    expect(await placesThatKnow(ada)).toEqual([])
    expect(statements.filter((statement) => /UPDATE chat\.generation .*SKIP LOCKED/s.test(statement))).toHaveLength(2)
  })

  it('and what they asked for after the first look is forgotten with the second', async () => {
    await list.apply(ada, 15)
    await useAssistant(ada)
    expect([await setAsideFor(chat, ada), await bookedOn(chat, ada)]).toMatchObject([30, [{ replies: 1 }]])
    await using _process = list.start()
    list.advance(15)
    await list.applied('SECOND')

    expect(await placesThatKnow(ada)).toEqual([])
  })
})
