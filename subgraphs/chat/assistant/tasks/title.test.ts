import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SCRIPTED_TITLE } from '../../../../tests/support/scripted-model.ts'
import { viewerNamed } from '../../testing/chat-fixture.ts'
import { PostgresLedger } from '../usage/postgres-ledger.ts'
import { openTaskDesk, type TaskDesk } from './testing/task-desk.ts'

describe('the title of a conversation with the assistant', () => {
  let desk: TaskDesk
  beforeAll(async () => {
    desk = await openTaskDesk(16_000)
  })
  afterAll(() => desk[Symbol.asyncDispose]())
  beforeEach(async () => {
    for (const table of ['assistant_task', 'usage_day']) await desk.chat.fork().execute(`DELETE FROM chat.${table}`)
    desk.scripted.answerSideRequestsWith((answer) =>
      answer.say(SCRIPTED_TITLE).finish({ prompt_tokens: 5, completion_tokens: 3 }),
    )
  })

  /** A conversation that is to be named. */
  async function begun() {
    const conversation = await desk.chat.converse()
    expect(await desk.answered(conversation, 'How do bees fly?', 'With their wings.')).toBe(true)
    return conversation
  }

  /** Holds the model's answer until it is told what to say; resolves when the model was asked. */
  function heldAnswer() {
    const asked = Promise.withResolvers<(title: string) => void>()
    desk.scripted.answerSideRequestsWith((answer) => asked.resolve((title) => answer.say(title).finish()))
    return asked.promise
  }

  const expire = () =>
    desk.chat.fork().execute("UPDATE chat.assistant_task SET lease_until = now() - interval '1 second'")
  const rename = (id: string, title: string) =>
    desk.chat.services.conversations.update(desk.chat.fork(), viewerNamed(desk.chat.viewerId), id, { title })

  it('is what a model calls its first question and answer; members are told, and who asked pays', async () => {
    const conversation = await begun()
    const events = await desk.chat.follow(desk.chat.viewerId, conversation.id)
    await using _worker = desk.openWorker()

    for (let event = await events.next(); event.value?.__typename !== 'ConversationUpdated'; )
      event = await events.next()
    expect(await desk.titleOf(conversation)).toBe(SCRIPTED_TITLE)
    expect(desk.scripted.sideRequests.at(-1)?.messages).toEqual([
      { role: 'system', content: expect.stringMatching(/^Name this conversation/) },
      { role: 'user', content: 'Question:\nHow do bees fly?\n\nAnswer:\nWith their wings.' },
    ])
    expect(await desk.tasksOf(conversation)).toEqual([])
    expect(await desk.booked()).toEqual({ inputTokens: 5, outputTokens: 3 })
    await events.return?.()
  })

  it('is wanted after the first completed reply, once, where there is none, and only if somebody pays', async () => {
    const conversation = await begun()
    expect(await desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts: 0, state: 'free' }])
    expect(await desk.answered(conversation, 'And birds?', 'Likewise.')).toBe(false)

    const named = await desk.chat.converse('ASSISTANT', { title: 'Bees' })
    expect(await desk.answered(named, 'How do bees fly?', 'With their wings.')).toBe(false)
    const group = await desk.chat.converse('GROUP')
    expect(await desk.answered(group, '@assistant how?', 'With their wings.')).toBe(false)
  })

  it('stays what somebody gave it while the model was thinking, which costs all the same', async () => {
    const conversation = await begun()
    const asked = heldAnswer()
    await using _worker = desk.openWorker()
    const answer = await asked
    await rename(conversation.id, 'By hand')
    answer('By a model')

    await expect.poll(() => desk.tasksOf(conversation)).toEqual([])
    expect(await desk.titleOf(conversation)).toBe('By hand')
    expect((await desk.booked())?.inputTokens).toBeGreaterThan(20)
  })

  it('is asked for no more when there is one, or nothing is left to name it by', async () => {
    const [named, emptied] = [await begun(), await begun()]
    await rename(named.id, 'By hand')
    await desk.chat.fork().execute(`UPDATE chat.message SET body = '' WHERE conversation_id = ?`, [emptied.id])
    const before = desk.scripted.sideRequests.length
    await using _worker = desk.openWorker()

    await expect.poll(() => desk.tasksOf(named)).toEqual([])
    await expect.poll(() => desk.tasksOf(emptied)).toEqual([])
    expect(desk.scripted.sideRequests.length).toBe(before)
  })

  it('is asked for anew when what it was made from was changed meanwhile', async () => {
    const conversation = await begun()
    const asked = heldAnswer()
    await using _worker = desk.openWorker()
    const answer = await asked
    await desk.chat
      .fork()
      .execute(`UPDATE chat.message SET body = 'How do I fly' WHERE conversation_id = ? AND number = 1`, [
        conversation.id,
      ])
    answer('Of bees')

    await expect.poll(() => desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts: 1, state: 'put off' }])
    expect(await desk.titleOf(conversation)).toBeNull()
  })

  it('is tried three times, and then left', async () => {
    const conversation = await begun()
    desk.scripted.answerSideRequestsWith((answer) => answer.refuse(400, 'No.'))
    for (const attempts of [1, 2]) {
      await using _worker = desk.openWorker()
      await expect.poll(() => desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts, state: 'put off' }])
      await expire()
    }
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.tasksOf(conversation)).toEqual([])
    expect(await desk.titleOf(conversation)).toBeNull()
    expect(await desk.booked()).toBeNull()
  })

  it('is left, too, when three workers died of it', async () => {
    const conversation = await begun()
    await desk.chat
      .fork()
      .execute("UPDATE chat.assistant_task SET attempts = 3, lease_until = now() - interval '1 hour'")
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.tasksOf(conversation)).toEqual([])
    expect(await desk.titleOf(conversation)).toBeNull()
  })

  it('is tried again, and paid, when the model writes none', async () => {
    const conversation = await begun()
    desk.scripted.answerSideRequestsWith((answer) =>
      answer.say('“ ”\n').finish({ prompt_tokens: 4, completion_tokens: 1 }),
    )
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts: 1, state: 'put off' }])
    expect(await desk.booked()).toEqual({ inputTokens: 4, outputTokens: 1 })
  })

  it('is asked for three times, and paid each time, of a model that names nothing', async () => {
    const conversation = await begun()
    const before = desk.scripted.sideRequests.length
    desk.scripted.answerSideRequestsWith((answer) =>
      answer.say('```json\n{"title": "\u202e"}\n```').finish({ prompt_tokens: 4, completion_tokens: 1 }),
    )
    for (const attempts of [1, 2]) {
      await using _worker = desk.openWorker()
      await expect.poll(() => desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts, state: 'put off' }])
      await expire()
    }
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.tasksOf(conversation)).toEqual([])
    expect(desk.scripted.sideRequests.length).toBe(before + 3)
    expect([await desk.titleOf(conversation), await desk.booked()]).toEqual([
      null,
      { inputTokens: 12, outputTokens: 3 },
    ])
  })

  it('is not what a model was still at when it had written as much as it may', async () => {
    const conversation = await begun()
    desk.scripted.answerSideRequestsWith((answer) => answer.say('Okay, the user wants').finish(undefined, 'length'))
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts: 1, state: 'put off' }])
    expect(await desk.titleOf(conversation)).toBeNull()
  })

  it.each([20, 260, 600])('waits for tomorrow, and costs nothing, when %i tokens are left of the day', async (left) => {
    const conversation = await begun()
    const before = desk.scripted.sideRequests.length
    const poor = desk.openWorker(new PostgresLedger({ dailyTokens: left, concurrentReplies: 32 }))
    const tomorrow = (attempts: number) => [{ kind: 'TITLE', attempts, state: 'tomorrow' }]
    await expect.poll(() => desk.tasksOf(conversation)).toEqual(tomorrow(1))
    await poor[Symbol.asyncDispose]()
    expect([desk.scripted.sideRequests.length, await desk.booked()]).toEqual([before, null])

    await expire()
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.titleOf(conversation)).toBe(SCRIPTED_TITLE)
  })

  it('is left when there was too little of the third day, too', async () => {
    const conversation = await begun()
    for (const attempts of [1, 2]) {
      await using _worker = desk.openWorker(new PostgresLedger({ dailyTokens: 20, concurrentReplies: 32 }))
      await expect.poll(() => desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts, state: 'tomorrow' }])
      await expire()
    }
    await using _worker = desk.openWorker(new PostgresLedger({ dailyTokens: 20, concurrentReplies: 32 }))
    await expect.poll(() => desk.tasksOf(conversation)).toEqual([])
  })

  it('is left to the next worker at once by one that stops', async () => {
    const conversation = await begun()
    const asked = heldAnswer()
    const stopping = desk.openWorker()
    await asked
    await stopping[Symbol.asyncDispose]()
    expect(await desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts: 0, state: 'free' }])

    desk.scripted.answerSideRequestsWith((answer) => answer.say('Second').finish())
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.titleOf(conversation)).toBe('Second')
  })

  it('comes from one worker, though another one wakes up late', async () => {
    const conversation = await begun()
    const asked = heldAnswer()
    await using _late = desk.openWorker()
    const answer = await asked
    desk.scripted.answerSideRequestsWith((scripted) =>
      scripted.say('Second').finish({ prompt_tokens: 5, completion_tokens: 3 }),
    )
    await expire()
    await using _next = desk.openWorker()
    await expect.poll(() => desk.titleOf(conversation)).toBe('Second')
    await desk.chat.fork().execute('UPDATE chat.conversation SET title = NULL WHERE id = ?', [conversation.id])
    answer('First')
    await _late[Symbol.asyncDispose]()
    expect(await desk.titleOf(conversation)).toBeNull()
    expect(await desk.booked()).toEqual({ inputTokens: 5, outputTokens: 3 })
  })

  it('is no more than nothing when the conversation is deleted meanwhile', async () => {
    const conversation = await begun()
    const asked = heldAnswer()
    const worker = desk.openWorker()
    const answer = await asked
    const { chat } = desk
    await chat.services.conversations.delete(chat.fork(), viewerNamed(chat.viewerId), conversation.id)
    answer('Late')
    await worker[Symbol.asyncDispose]()
    expect(await desk.titleOf(conversation)).toBeNull()
  })
})
