import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import { answerTo, endedReplyIn, replyIn } from './testing/asking.ts'
import { startWork, type WorkOptions } from './testing/working.ts'

describe('a worker that may not write everything', () => {
  let chat: ChatFixture
  let model: ScriptedModel
  let talk: Conversation
  beforeAll(async () => {
    chat = await openChatFixture()
    model = await startScriptedModel()
  })
  afterAll(async () => {
    await model[Symbol.asyncDispose]()
    await chat[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    model.judgeWith(() => false)
    await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status IN ('QUEUED', 'RUNNING')`)
    talk = await chat.converse()
  })

  const work = (options?: WorkOptions) => startWork(chat, model, options)

  const reply = () => replyIn(chat, talk)
  const ended = () => endedReplyIn(chat, talk)
  const ask = (question: string, options?: WorkOptions) =>
    answerTo(question, { chat, talk, startWorker: () => work(options) })

  describe('because its words are judged', () => {
    const judged = () => ({
      config: { moderation: { url: model.baseUrl, apiKey: undefined, model: 'a-judge' } },
    })

    it('never asks the model what was refused', async () => {
      model.judgeWith((text) => text === 'How do I steal a horse?')
      const asked = model.requests.length
      expect(await ask('How do I steal a horse?', judged())).toMatchObject({
        ...{ status: 'FAILED', errorCode: 'MODERATION_REFUSED', body: '', attempt: 1, inputTokens: 0 },
      })
      expect(model.requests).toHaveLength(asked)
    })

    it('takes an answer back that was refused', async () => {
      model.judgeWith((text) => text.includes('crowbar'))
      model.answerWith((answer) => answer.say('With a crowbar').finish({ prompt_tokens: 7, completion_tokens: 5 }))
      expect(await ask('How?', judged())).toMatchObject({
        ...{ status: 'FAILED', errorCode: 'MODERATION_REFUSED', body: '', textLength: 0, attempt: 2 },
        ...{ finishReason: null, inputTokens: 7, outputTokens: 5 },
      })
    })

    it('ends what the model has ended, though it is stopped before that is judged', async () => {
      const stopped = Promise.withResolvers<void>()
      const asked = model.requests.length
      model.answerWith((answer) => answer.say('Like this').finish())
      await chat.say(talk, 'How?')
      const worker = work(judged())
      model.judgeWith((text) => {
        if (text === 'Like this') void worker[Symbol.asyncDispose]().then(stopped.resolve, stopped.reject)
        return false
      })
      await stopped.promise
      expect(await reply()).toMatchObject({ status: 'COMPLETED', attempt: 1, body: 'Like this' })
      expect(model.requests).toHaveLength(asked + 1)
    })

    it('never goes on for a question that became another one', async () => {
      model.answerWith((answer) => answer.say('Half').finish(undefined, 'length'))
      const { messageId } = await ask('How?', judged())
      await chat
        .fork()
        .execute("UPDATE chat.message SET body = ? WHERE conversation_id = ? AND role = 'USER'", [
          'How do I steal a horse?',
          talk.id,
        ])
      model.judgeWith((text) => text === 'How do I steal a horse?')
      await chat.services.replies.continue(chat.fork(), viewerNamed(chat.viewerId), messageId)
      const asked = model.requests.length
      await using _worker = work(judged())
      expect(await ended()).toMatchObject({ status: 'FAILED', errorCode: 'MODERATION_REFUSED', body: 'Half' })
      expect(model.requests).toHaveLength(asked)
    })

    it('takes what was written of an answer back that broke off, too', async () => {
      model.judgeWith((text) => text.includes('crowbar'))
      model.answerWith((answer) => answer.say('With a crowbar').cut())
      expect(await ask('How?', judged())).toMatchObject({ errorCode: 'MODERATION_REFUSED', body: '', attempt: 2 })
    })

    it('shows nothing that nobody has judged', async () => {
      model.judgeWith((text, answer) => (text === 'How?' ? false : void answer.refuse(503, 'away')))
      model.answerWith((answer) => answer.say('Like this').finish())
      expect(await ask('How?', judged())).toMatchObject({
        ...{ status: 'FAILED', errorCode: 'PROVIDER_UNAVAILABLE', body: '', attempt: 2 },
      })
    })
  })

  it('takes back what the provider itself withholds', async () => {
    model.answerWith((answer) => answer.say('With a crow').finish(undefined, 'content_filter'))
    expect(await ask('How?')).toMatchObject({
      ...{ status: 'FAILED', errorCode: 'MODERATION_REFUSED', body: '', textLength: 0, attempt: 2 },
    })
  })

  it('asks no model about a question that was deleted', async () => {
    await chat.say(talk, 'Tell me.')
    await chat
      .fork()
      .execute(`UPDATE chat.message SET body = '', deleted_at = now() WHERE conversation_id = ? AND role = 'USER'`, [
        talk.id,
      ])
    const asked = model.requests.length
    await using _worker = work()
    expect(await ended()).toMatchObject({ status: 'CANCELLED', body: '' })
    expect(model.requests).toHaveLength(asked)
  })
})
