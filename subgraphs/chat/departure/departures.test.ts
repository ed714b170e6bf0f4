import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { USER_DELETED } from '../../../platform/deletions.ts'
import { newUuid } from '../../../platform/ids.ts'
import { Conversation } from '../conversation/conversation.entity.ts'
import { Member } from '../conversation/member.entity.ts'
import { blockedStatement } from '../testing/blocked-statement.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { DeletionList } from './testing/deletion-list.ts'

const SOON = { timeout: 10_000, interval: 20 }

describe('auth’s list of deleted accounts', () => {
  let chat: ChatFixture
  let list: DeletionList
  beforeEach(async () => {
    chat = await openChatFixture()
    list = new DeletionList(chat)
  })
  afterEach(() => chat[Symbol.asyncDispose]())

  const countOf = (userId: string) => chat.fork().count(Member, { userId })

  /** Groups of `userId` with somebody else, in the order in which they will be left. */
  async function join(userId: string, groups: number): Promise<Conversation[]> {
    const joined: Conversation[] = []
    for (let count = 0; count < groups; count += 1) {
      const group = await chat.converse('GROUP')
      await chat.fork().insert(Member, { conversationId: group.id, userId, role: 'MEMBER' })
      await chat.fork().nativeUpdate(Conversation, { id: group.id }, { memberCount: 2 })
      joined.push(group)
    }
    return joined.sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Holds a conversation's row, as a writer does, until it is let go. */
  async function hold({ id }: Conversation): Promise<{ isWaitedFor: () => Promise<void>; letGo: () => Promise<void> }> {
    const em = chat.fork()
    await em.begin()
    await em.execute('UPDATE chat.conversation SET event_seq = event_seq WHERE id = ?', [id])
    return {
      isWaitedFor: () => blockedStatement(chat),
      letGo: () => em.commit(),
    }
  }

  it('is applied from the beginning to the end, over its pages', async () => {
    const people = Array.from({ length: 5 }, newUuid)
    for (const userId of people) {
      await join(userId, 1)
      list.add(userId)
    }
    await using _process = list.start()
    await list.applied()

    for (const userId of people) expect(await countOf(userId)).toBe(0)
  })

  it('is read at once when the bus rings', async () => {
    const ada = newUuid()
    await join(ada, 1)
    await using _process = list.start({ everyMs: 2 ** 30 })
    await expect.poll(() => list.questions, SOON).toBe(1)
    list.add(ada)
    chat.bus.publish(USER_DELETED, null)
    await list.applied()

    expect(await countOf(ada)).toBe(0)
  })

  it('is applied once, although two processes read it', async () => {
    const [ada, bob] = [newUuid(), newUuid()]
    const [first] = await join(ada, 2)
    await join(bob, 2)
    if (!first) throw new Error('There is no group.')
    const held = await hold(first)
    list.add(ada)
    list.add(bob)
    await using _first = list.start()
    await held.isWaitedFor()
    await using _second = list.start()
    const asked = list.questions
    await expect.poll(() => list.questions, SOON).toBeGreaterThan(asked + 2)
    await held.isWaitedFor()
    await held.letGo()
    await list.applied()

    const counts = await chat.fork().find(Conversation, {})
    expect(counts.map(({ memberCount }) => memberCount)).toEqual([1, 1, 1, 1])
  })

  it('is applied in a transaction that may rest as long as the steps take', async () => {
    const ada = newUuid()
    await join(ada, 1)
    const statements = await chat.statementsOf(() => list.apply(ada))

    const resting = statements.findIndex((statement) =>
      /SET LOCAL idle_in_transaction_session_timeout = 0/.test(statement),
    )
    const leaving = statements.findIndex((statement) => /FOR NO KEY UPDATE/.test(statement))
    expect(resting).toBeGreaterThan(-1)
    expect(leaving).toBeGreaterThan(resting)
  })

  it('is applied further by the next process when one stops in the middle', async () => {
    const ada = newUuid()
    const [first, second] = await join(ada, 3)
    if (!first || !second) throw new Error('There are no groups.')
    list.add(ada)
    const held = await hold(second)
    const stopped = list.start()
    await held.isWaitedFor()
    const stopping = stopped[Symbol.asyncDispose]()
    await held.letGo()
    await stopping
    expect(await countOf(ada)).toBe(1)
    expect(await list.positionOf('FIRST')).toBe(0)

    await using _next = list.start()
    await list.applied()
    expect(await countOf(ada)).toBe(0)
    const groups = await chat.fork().find(Conversation, {})
    expect(groups.map(({ memberCount }) => memberCount)).toEqual([1, 1, 1])
  })

  it.each([15, 61])('is looked at again once it is settled, in %i minutes, for what was under way', async (minutes) => {
    const ada = newUuid()
    await list.apply(ada, minutes)
    const late = await chat.services.conversations.create(chat.fork(), ada, { kind: 'ASSISTANT' })
    await using _process = list.start()
    list.advance(minutes - 1)
    const asked = list.questions
    await expect.poll(() => list.questions, SOON).toBeGreaterThan(asked + 4)
    expect(await list.positionOf('SECOND')).toBe(0)

    list.advance(1)
    await list.applied('SECOND')
    expect((await chat.fork().findOneOrFail(Conversation, late.id)).deletedAt).toBeInstanceOf(Date)
  })

  it('waits, with one warning, while auth is away', async () => {
    const ada = newUuid()
    await join(ada, 1)
    list.add(ada)
    list.isAway = true
    await using _process = list.start()
    await expect.poll(() => list.questions, SOON).toBeGreaterThan(2)
    list.isAway = false
    await list.applied()

    await expect
      .poll(() => list.said, SOON)
      .toEqual(['warn: could not apply deleted accounts; trying again', 'info: deleted accounts are applied again'])
  })
})
