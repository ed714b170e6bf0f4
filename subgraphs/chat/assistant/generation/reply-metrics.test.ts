import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readOne, type Series } from '../../../../platform/testing/scrape.ts'
import { type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import { answerTo, replyIn } from './testing/asking.ts'
import { claimReply } from './testing/claims.ts'
import { startWork, type WorkOptions } from './testing/working.ts'

let model: ScriptedModel
beforeAll(async () => {
  model = await startScriptedModel()
})
afterAll(() => model[Symbol.asyncDispose]())

let chat: ChatFixture
let talk: Conversation
beforeEach(async () => {
  chat = await openChatFixture(undefined, { concurrentReplies: 2 })
  // With a title, so that none is asked for.
  talk = await chat.converse('ASSISTANT', { title: 'A talk' })
})
afterEach(() => chat[Symbol.asyncDispose]())

const told = (name: string): Promise<Series> => readOne(chat.metrics, `parley_assistant_${name}`)
const endings = () => told('replies_total')
const work = (options: WorkOptions = {}) => startWork(chat, model, options)
const ask = (question: string, options?: WorkOptions) =>
  answerTo(question, { chat, talk, startWorker: () => work(options) })

describe('a reply', () => {
  it('that is whole is counted, measured and booked by its model', async () => {
    model.answerWith((answer) => answer.say('Hello.').finish({ prompt_tokens: 7, completion_tokens: 2 }))
    await ask('Hello?')
    expect(await endings()).toEqual({ 'status="COMPLETED",code="NONE"': 1 })
    expect(await told('tokens_total')).toEqual({
      'model="a-model",direction="input"': 7,
      'model="a-model",direction="output"': 2,
    })
    expect(await told('time_to_first_token_seconds_count')).toEqual({ 'model="a-model"': 1 })
    expect(await told('reply_duration_seconds_count')).toEqual({ 'model="a-model"': 1 })
    expect(await told('provider_requests_total')).toEqual({ 'endpoint="scripted",result="ok"': 1 })
    expect((await told('flush_duration_seconds_count'))['']).toBeGreaterThan(0)
    expect(await told('lease_takeovers_total')).toEqual({ '': 0 })
    expect(await told('replies_running')).toEqual({ '': 0 })
  })

  it('that fails is counted by its code, and each try by what became of it', async () => {
    let tries = 0
    model.answerWith((answer) => {
      tries += 1
      answer.refuse(tries === 1 ? 503 : 400, 'No.')
    })
    await ask('Hello?')
    expect(await endings()).toEqual({ 'status="FAILED",code="PROVIDER_REJECTED"': 1 })
    expect(await told('provider_requests_total')).toEqual({
      'endpoint="scripted",result="ok"': 0,
      'endpoint="scripted",result="unavailable"': 1,
      'endpoint="scripted",result="rejected"': 1,
    })
    expect(await told('time_to_first_token_seconds_count')).toEqual({})
  })

  it('whose answer is cut has a broken one, and is booked by what was said', async () => {
    model.answerWith((answer) => answer.say('Hello, hello').cut())
    await ask('Hello?')
    expect(await endings()).toEqual({ 'status="FAILED",code="STREAM_INCOMPLETE"': 1 })
    expect(await told('provider_requests_total')).toMatchObject({ 'endpoint="scripted",result="broken"': 1 })
    expect(await told('tokens_total')).toMatchObject({ 'model="a-model",direction="output"': 3 })
  })

  it('that is cancelled is counted once, and the request that nobody wants any more', async () => {
    model.answerWith((answer) => void answer.say('Once upon'))
    await chat.say(talk, 'Tell me.')
    await using _worker = work()
    await expect.poll(async () => (await replyIn(chat, talk)).textLength).toBe(9)
    expect(await told('replies_running')).toEqual({ '': 1 })
    await chat.services.replies.cancel(chat.fork(), viewerNamed(chat.viewerId), (await replyIn(chat, talk)).messageId)
    await expect
      .poll(() => told('provider_requests_total'))
      .toMatchObject({ 'endpoint="scripted",result="cancelled"': 1 })
    await expect.poll(() => told('replies_running')).toEqual({ '': 0 })
    expect(await endings()).toEqual({ 'status="CANCELLED",code="NONE"': 1 })
  })

  it('that its asker may not have is counted at once', async () => {
    for (let count = 0; count < 3; count += 1) await chat.say(talk, 'Hello?')
    expect(await endings()).toEqual({ 'status="FAILED",code="QUOTA_EXCEEDED"': 1 })
  })

  it('whose conversation was deleted counts as cancelled', async () => {
    await chat.say(talk, 'Hello?')
    await chat.services.conversations.delete(chat.fork(), viewerNamed(chat.viewerId), talk.id)
    await expect.poll(endings).toEqual({ 'status="CANCELLED",code="NONE"': 1 })
  })

  it('whose worker was lost is a takeover, and its asker has waited all the while', async () => {
    await chat.say(talk, 'Hello?')
    await chat.fork().execute(`UPDATE chat.generation SET created_at = now() - interval '40 s'`)
    expect(await claimReply(chat.fork(), -1)).toMatchObject({ isTakeover: false })
    model.answerWith((answer) => answer.say('Hello.').finish())
    await using _worker = work()
    await expect.poll(endings).toEqual({ 'status="COMPLETED",code="NONE"': 1 })
    expect(await told('lease_takeovers_total')).toEqual({ '': 1 })
    expect(await told('time_to_first_token_seconds_bucket')).toMatchObject({
      'le="30",model="a-model"': 0,
      'le="60",model="a-model"': 1,
    })
    expect(await told('reply_duration_seconds_bucket')).toMatchObject({ 'le="30",model="a-model"': 1 })
  })

  it('of a model that the configuration does not name has the label of all such', async () => {
    await chat.say(talk, 'Hello?')
    await chat.fork().execute('UPDATE chat.generation SET model = ?', [`model-${randomUUID()}`])
    model.answerWith((answer) => answer.say('Hello.').finish({ prompt_tokens: 7, completion_tokens: 2 }))
    await using _worker = work()
    await expect.poll(endings).toEqual({ 'status="COMPLETED",code="NONE"': 1 })
    expect(await told('tokens_total')).toEqual({
      'model="other",direction="input"': 7,
      'model="other",direction="output"': 2,
    })
    expect(await told('time_to_first_token_seconds_count')).toEqual({ 'model="other"': 1 })
  })
})

it('replies that no worker can take are seen to wait, and since when', async () => {
  model.answerWith((answer) => answer.say('Hello.').finish())
  await chat.say(talk, 'Hello?')
  await chat.fork().execute(`UPDATE chat.generation SET waiting_since = now() - interval '40 s'`)
  await chat.fork().transactional(async (em) => {
    await em.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [talk.id])
    await using _worker = work({ backlogEveryMs: 20 })
    await expect.poll(() => told('replies_waiting')).toEqual({ '': 1 })
    expect((await told('oldest_waiting_seconds'))['']).toBeGreaterThanOrEqual(40)
    expect((await told('oldest_waiting_seconds'))['']).toBeLessThan(100)
  })
  await using _worker = work({ backlogEveryMs: 20 })
  await expect.poll(endings).toEqual({ 'status="COMPLETED",code="NONE"': 1 })
  expect(await told('replies_waiting')).toEqual({ '': 0 })
  expect(await told('oldest_waiting_seconds')).toEqual({ '': 0 })
})

it('a title costs tokens too', async () => {
  model.answerWith((answer) => answer.say('Hello.').finish({ prompt_tokens: 7, completion_tokens: 2 }))
  talk = await chat.converse()
  await chat.say(talk, 'Hello?')
  await using _worker = work()
  await expect
    .poll(() => told('tokens_total'))
    .toEqual({
      'model="a-model",direction="input"': 12,
      'model="a-model",direction="output"': 5,
    })
  expect(await endings()).toEqual({ 'status="COMPLETED",code="NONE"': 1 })
})
