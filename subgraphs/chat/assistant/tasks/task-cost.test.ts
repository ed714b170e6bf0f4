import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Script } from '../../../../tests/support/scripted-model.ts'
import { PostgresLedger } from '../usage/postgres-ledger.ts'
import { setAsideFor } from '../usage/testing/accounts.ts'
import { openTaskDesk, type TaskDesk } from './testing/task-desk.ts'

const FAILED = { choices: [{ delta: {}, finish_reason: 'error' }] }
const COUNTED = { choices: [], usage: { prompt_tokens: 100, completion_tokens: 900 } }
const WORDS = 'Long, long words.'
const THOUGHTS = '<think>Long, long thoughts.'

describe('a title that a model has not written to its end', () => {
  let desk: TaskDesk
  beforeAll(async () => {
    desk = await openTaskDesk(16_000)
  })
  afterAll(() => desk[Symbol.asyncDispose]())
  beforeEach(async () => {
    for (const table of ['assistant_task', 'usage_day', 'token_reservation'])
      await desk.chat.fork().execute(`DELETE FROM chat.${table}`)
  })

  const ledger = new PostgresLedger({ dailyTokens: 10_000, concurrentReplies: 32 })

  async function begun() {
    const conversation = await desk.chat.converse()
    await desk.answered(conversation, 'How do bees fly?', 'With their wings.')
    return conversation
  }

  /** Has it tried once; returns what is booked then, when nothing is set aside any more. */
  async function bookedAfter(script: Script, options: { longestAnswerMs?: number } = {}) {
    const conversation = await begun()
    desk.scripted.answerSideRequestsWith(script)
    await using _worker = desk.openWorker(ledger, options)
    const putOff = [{ kind: 'TITLE', attempts: 1, state: 'put off' }]
    await expect.poll(() => desk.tasksOf(conversation), { timeout: 10_000 }).toEqual(putOff)
    expect(await setAsideFor(desk.chat, desk.chat.viewerId)).toBe(0)
    return desk.booked()
  }

  /** What it was asked, in tokens. */
  const asked = () => {
    const messages = desk.scripted.sideRequests.at(-1)?.messages ?? []
    const turns = messages.map(({ content }) => ({ role: 'user' as const, content }))
    return desk.prompts.countTurns('a-model', turns)
  }
  const counted = (text: string) => desk.prompts.countTokens('a-model', text)

  it.each([
    ['thinks', THOUGHTS],
    ['speaks', WORDS],
  ])('costs what the provider says, when it breaks off while it %s', async (_, said) => {
    expect(await bookedAfter((answer) => answer.say(said).event(COUNTED).event(FAILED).close())).toEqual({
      inputTokens: 100,
      outputTokens: 900,
    })
  })

  it.each([
    ['thinks', THOUGHTS, ''],
    ['speaks', WORDS, WORDS],
  ])('costs what it read, and its text, when it breaks off while it %s', async (_, said, text) => {
    const booked = await bookedAfter((answer) => answer.say(said).cut())
    expect(booked).toEqual({ inputTokens: asked(), outputTokens: counted(text) })
  })

  it.each([
    ['silent', ''],
    ['thinking', THOUGHTS],
  ])('costs what it read, when it was %s for as long as it may', async (_, said) => {
    const booked = await bookedAfter((answer) => void (said && answer.say(said)), { longestAnswerMs: 300 })
    expect(booked).toEqual({ inputTokens: asked(), outputTokens: 0 })
  })

  it('costs what it read when its worker stops meanwhile', async () => {
    const conversation = await begun()
    const isAsked = Promise.withResolvers<void>()
    desk.scripted.answerSideRequestsWith((answer) => {
      answer.say(THOUGHTS)
      isAsked.resolve()
    })
    const stopping = desk.openWorker(ledger)
    await isAsked.promise
    await stopping[Symbol.asyncDispose]()
    expect(await desk.tasksOf(conversation)).toEqual([{ kind: 'TITLE', attempts: 0, state: 'free' }])
    expect(await desk.booked()).toEqual({ inputTokens: asked(), outputTokens: 0 })
  })

  const UNANSWERED: readonly (readonly [string, Script])[] = [
    ['refused the request', (answer) => answer.refuse(400, 'No.')],
    ['was asked too often', (answer) => answer.refuse(429, 'Later.')],
    ['had an error of its own', (answer) => answer.refuse(503, 'Down.')],
    ['hung up', (answer) => answer.reset()],
  ]

  it.each(UNANSWERED)('costs nothing when the provider %s', async (_, script) => {
    expect(await bookedAfter(script)).toBeNull()
  })
})
