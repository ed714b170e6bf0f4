import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../../../platform/logging.ts'
import { type ModelRequest, SCRIPTED_SUMMARY } from '../../../../tests/support/scripted-model.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { ConversationChanges } from '../../conversation/conversation-change.ts'
import { seedMessages } from '../../message/testing/seed-messages.ts'
import { startAssistantWorker } from '../assistant-worker.ts'
import { retractSummary } from '../control/retract.ts'
import { PostgresLedger } from '../usage/postgres-ledger.ts'
import { openTaskDesk, type TaskDesk } from './testing/task-desk.ts'

/** Five messages of these fit into what a model is given, three into what a summary leaves. */
const BUDGET = 188
const LONG = 'x'.repeat(100)

describe('the summary of a conversation', () => {
  let desk: TaskDesk
  let count = 0
  beforeAll(async () => {
    desk = await openTaskDesk(BUDGET)
  })
  afterAll(() => desk[Symbol.asyncDispose]())
  beforeEach(async () => {
    count = 0
    for (const table of ['assistant_task', 'usage_day']) await desk.chat.fork().execute(`DELETE FROM chat.${table}`)
    desk.scripted.answerSideRequestsWith((answer) => {
      count += 1
      answer.say(`Summary ${count}.`).finish({ prompt_tokens: 50, completion_tokens: 5 })
    })
  })

  const asked = (): ModelRequest | undefined => desk.scripted.sideRequests.at(-1)
  const lines = () => asked()?.messages.at(-1)?.content ?? ''

  /** A conversation of so many questions and answers, which needs a summary. */
  async function long(questions: number): Promise<Conversation> {
    const conversation = await desk.chat.converse('ASSISTANT', { title: 'Long' })
    await goOn(conversation, questions)
    return conversation
  }

  async function goOn(conversation: Conversation, questions: number): Promise<void> {
    for (let turn = 0; turn < questions; turn += 1)
      await desk.answered(conversation, `Q${turn} ${LONG}`, `A${turn} ${LONG}`)
  }

  async function work(conversation: Conversation): Promise<void> {
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.tasksOf(conversation)).toEqual([])
  }

  it('is wanted when messages are left out that none tells of', async () => {
    const conversation = await desk.chat.converse('ASSISTANT', { title: 'Long' })
    const wanted = []
    for (let turn = 0; turn < 5; turn += 1)
      wanted.push(await desk.answered(conversation, `Q${turn} ${LONG}`, `A ${LONG}`))
    expect(wanted).toEqual([false, false, false, true, false])
    expect(await desk.tasksOf(conversation)).toEqual([{ kind: 'SUMMARY', attempts: 0, state: 'free' }])
  })

  it('tells of what half of a prompt does not hold, is paid for, and is in the prompts that follow', async () => {
    const conversation = await long(4)
    await work(conversation)

    expect(await desk.summaryOf(conversation)).toEqual({ since: 1, upTo: 5, body: 'Summary 1.' })
    expect(asked()?.messages[0]?.content).toMatch(/^Sum up this conversation/)
    expect(lines()).toMatch(/^What was said:\n\nUser: Q0 x+\n\nAssistant: A0 x+\n\nUser: Q1 [\s\S]*User: Q2 x+$/)
    expect(await desk.booked()).toEqual({ inputTokens: 50, outputTokens: 5 })

    const reply = { conversationId: conversation.id, number: 9 }
    const prompt = await desk.prompts.build(desk.chat.fork(), reply, { model: 'a-model' })
    expect(prompt.turns[0]?.content).toContain('Summary 1.')
    expect(prompt).toMatchObject({ needsSummary: false })
    expect(prompt.summarisedMessages).toBe(prompt.omittedMessages)
    expect(prompt.omittedMessages).toBeGreaterThan(0)
  })

  it('goes on with the one before it, only after as much has been said again', async () => {
    const conversation = await long(4)
    await work(conversation)
    await goOn(conversation, 1)
    expect(await desk.tasksOf(conversation)).toEqual([])
    await goOn(conversation, 2)
    await work(conversation)

    const summary = await desk.summaryOf(conversation)
    expect(summary).toMatchObject({ since: 1, body: 'Summary 2.' })
    expect(summary?.upTo).toBeGreaterThan(8)
    expect(lines()).toMatch(
      /^The summary of what was said before:\nSummary 1\.\n\nWhat was said then:\n\nAssistant: A2 /,
    )
  })

  it('is made round after round where much is to be read', async () => {
    const conversation = await desk.chat.converse('ASSISTANT', { title: 'Long' })
    await seedMessages(desk.chat, conversation, 450)
    await desk.answered(conversation, LONG, LONG)
    await work(conversation)

    expect(count).toBeGreaterThan(2)
    expect(await desk.summaryOf(conversation)).toMatchObject({ since: 1, body: `Summary ${count}.` })
    expect((await desk.summaryOf(conversation))?.upTo).toBeGreaterThan(400)
    expect(await desk.booked()).toEqual({ inputTokens: 50 * count, outputTokens: 5 * count })
  })

  it('begins with the last thousand messages where nobody has summed up more', async () => {
    const conversation = await desk.chat.converse('ASSISTANT', { title: 'Long' })
    await seedMessages(desk.chat, conversation, 1_500)
    await desk.answered(conversation, LONG, LONG)
    await work(conversation)

    const summary = await desk.summaryOf(conversation)
    expect(summary && summary.upTo - summary.since).toBe(999)
    expect(count).toBeLessThan(20)
    const reply = { conversationId: conversation.id, number: 1_503 }
    const prompt = await desk.prompts.build(desk.chat.fork(), reply, { model: 'a-model' })
    expect(prompt.omittedMessages).toBeGreaterThan(prompt.summarisedMessages)
    expect(prompt.summarisedMessages).toBeGreaterThan(900)
    expect(prompt.needsSummary).toBe(false)
  })

  it('reaches back over no more than eight rounds read', async () => {
    const conversation = await desk.chat.converse('ASSISTANT', { title: 'Long' })
    await seedMessages(desk.chat, conversation, 60)
    await desk.chat
      .fork()
      .execute(`UPDATE chat.message SET body = repeat('y', 4000) WHERE conversation_id = ?`, [conversation.id])
    await desk.answered(conversation, LONG, LONG)
    await work(conversation)

    const summary = await desk.summaryOf(conversation)
    expect(summary && summary.upTo - summary.since).toBeGreaterThan(10)
    expect(summary && summary.upTo - summary.since).toBeLessThan(16)
  })

  it('rests for an hour when it could not be written, and is planned by no reply meanwhile', async () => {
    const conversation = await long(4)
    desk.scripted.answerSideRequestsWith((answer) => answer.say('').finish())
    await desk.chat.fork().execute('UPDATE chat.assistant_task SET attempts = 2')
    const rests = [{ kind: 'SUMMARY', attempts: 3, state: 'rests' }]
    await using _worker = desk.openWorker()
    await expect.poll(() => desk.tasksOf(conversation)).toEqual(rests)

    const before = desk.scripted.sideRequests.length
    expect(await desk.answered(conversation, LONG, LONG)).toBe(false)
    await _worker[Symbol.asyncDispose]()
    expect(await desk.tasksOf(conversation)).toEqual(rests)
    expect(desk.scripted.sideRequests.length).toBe(before)

    await desk.chat.fork().execute("UPDATE chat.assistant_task SET lease_until = now() - interval '1 second'")
    await work(conversation)
    expect(await desk.answered(conversation, LONG, LONG)).toBe(true)
  })

  it.each([100, 1_500])('is not asked for when only %i tokens are left of the day', async (left) => {
    const conversation = await long(4)
    await using _worker = desk.openWorker(new PostgresLedger({ dailyTokens: left, concurrentReplies: 32 }))
    await expect.poll(() => desk.tasksOf(conversation)).toEqual([])
    expect([count, await desk.booked()]).toEqual([0, null])
  })

  it('names people where there are several', async () => {
    const conversation = await desk.chat.converse('GROUP')
    desk.people.names.set(desk.chat.viewerId, { username: 'ada', displayName: 'Ada' })
    for (let turn = 0; turn < 4; turn += 1) {
      await desk.answered(conversation, `@assistant Q${turn} ${LONG}`, `A${turn} ${LONG}`)
    }
    await work(conversation)
    expect(lines()).toMatch(/^What was said:\n\nAda: @assistant Q0 x+\n\nAssistant: A0 x+\n\nAda: /)
  })

  it('shows the beginning of a message that is too long', async () => {
    const conversation = await desk.chat.converse('ASSISTANT', { title: 'Long' })
    await desk.answered(conversation, 'y'.repeat(15_000), 'Yes.')
    await desk.answered(conversation, LONG, LONG)
    await work(conversation)
    expect(lines().length).toBeLessThan(2_100)
    expect(lines()).toMatch(/y…/)
  })

  describe('when something changes while the model is thinking', () => {
    async function meanwhile(conversation: Conversation, change: () => Promise<unknown>): Promise<void> {
      const held = Promise.withResolvers<() => void>()
      desk.scripted.answerSideRequestsWith((answer) => held.resolve(() => answer.say('Outdated.').finish()))
      await using _worker = desk.openWorker()
      const answer = await held.promise
      await change()
      answer()
      await expect.poll(() => desk.tasksOf(conversation)).toEqual([{ kind: 'SUMMARY', attempts: 1, state: 'put off' }])
    }

    const edit = (sql: string, id: string) => () => desk.chat.fork().execute(`UPDATE chat.message SET ${sql}`, [id])

    it.each([
      ['edited', `body = 'Other' WHERE number = 2 AND conversation_id = ?`],
      ['deleted', `body = '', deleted_at = now() WHERE number = 3 AND conversation_id = ?`],
      ['left without its author', `author_id = NULL WHERE number = 1 AND conversation_id = ?`],
    ])('and a message that it tells of is %s, it is not kept, and asked for again', async (_, sql) => {
      const conversation = await long(4)
      await meanwhile(conversation, edit(sql, conversation.id))
      expect(await desk.summaryOf(conversation)).toBeNull()
    })

    it('and the one that it goes on with is withdrawn, it is not kept either', async () => {
      const conversation = await long(4)
      await work(conversation)
      await goOn(conversation, 2)
      await meanwhile(conversation, () =>
        retractSummary(desk.chat.fork(), { conversationId: conversation.id, number: 2 }),
      )
      expect(await desk.summaryOf(conversation)).toBeNull()

      desk.scripted.answerSideRequestsWith((answer) => answer.say('Anew.').finish())
      await desk.chat.fork().execute('UPDATE chat.assistant_task SET lease_until = NULL')
      await work(conversation)
      expect(await desk.summaryOf(conversation)).toMatchObject({ since: 1, body: 'Anew.' })
    })

    it('and only something newer, it is kept', async () => {
      const conversation = await long(4)
      const held = Promise.withResolvers<() => void>()
      desk.scripted.answerSideRequestsWith((answer) => held.resolve(() => answer.say(SCRIPTED_SUMMARY).finish()))
      await using _worker = desk.openWorker()
      const answer = await held.promise
      await edit(`body = 'Other' WHERE number = 8 AND conversation_id = ?`, conversation.id)()
      answer()
      await expect.poll(() => desk.summaryOf(conversation)).toMatchObject({ body: SCRIPTED_SUMMARY })
    })
  })

  it('is nobody’s business when nobody pays for it any more', async () => {
    const conversation = await long(4)
    await desk.chat.fork().execute('UPDATE chat.assistant_task SET requested_by = NULL')
    await work(conversation)
    expect(await desk.summaryOf(conversation)).toBeNull()
    expect(count).toBe(0)
  })
  it('is made beside the replies, like the title, and told with the next one', async () => {
    const { chat, scripted } = desk
    scripted.answerWith((answer) => answer.say(`Yes ${'x'.repeat(1_000)}`).finish())
    const conversation = await chat.converse()
    const ask = async (question: string) => {
      const { reply } = await chat.say(conversation, question)
      await expect.poll(async () => (await endOf(conversation, reply?.id)).status, PATIENT).toBe('COMPLETED')
      return endOf(conversation, reply?.id)
    }
    await using _worker = startWorkers()

    await ask('How do bees fly?')
    await expect.poll(() => desk.titleOf(conversation), PATIENT).toBe('Summary 1')
    for (const question of ['And birds?', 'And bats?', 'And planes?']) await ask(question)
    await expect.poll(() => desk.summaryOf(conversation), PATIENT).not.toBeNull()
    const { omitted, summarised } = await ask('And kites?')

    expect(scripted.requests.at(-1)?.messages[0]?.content).toMatch(/Summary \d\./)
    expect(summarised).toBeGreaterThan(0)
    expect(omitted).toBeGreaterThanOrEqual(summarised)
  })

  const PATIENT = { timeout: 5_000 }

  /** What writes replies, titles and summaries, as a process has it. */
  const startWorkers = () =>
    startAssistantWorker({
      ...{ fork: desk.chat.fork, bus: desk.chat.bus, people: desk.people },
      changes: new ConversationChanges({ bus: desk.chat.bus }),
      config: {
        endpoints: [{ name: 'scripted', baseUrl: desk.scripted.baseUrl, apiKey: undefined }],
        models: [{ id: 'a-model' }],
        ...{ isDemo: false, idleTimeoutMs: 10_000, contextTokens: 700, dailyTokensPerUser: null },
        ...{ concurrentRepliesPerUser: 32, moderation: null, runsWorker: true },
      },
      logger: createLogger({ name: 'test', level: 'silent', format: 'json' }),
    })

  async function endOf({ id }: Conversation, replyId: string | undefined) {
    const [end] = await desk.chat.fork().execute<[{ status: string; omitted: number; summarised: number }]>(
      `SELECT status, omitted_messages AS omitted, summarised_messages AS summarised FROM chat.generation
       WHERE conversation_id = ? AND message_id = ?`,
      [id, replyId ?? null],
    )
    return end
  }
})
