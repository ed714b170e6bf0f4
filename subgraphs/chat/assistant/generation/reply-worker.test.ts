import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import { type Script, type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { EndReason } from '../../../../tests/support/scripted-wire.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import type { WorkerStep } from './reply-worker.ts'
import { answerTo, endedReplyIn, replyIn } from './testing/asking.ts'
import { startWork, type WorkOptions } from './testing/working.ts'
import { REPLY_STOPPED } from './topics.ts'

describe('a worker', () => {
  let chat: ChatFixture
  let model: ScriptedModel
  let talk: Conversation
  const said: string[] = []
  beforeAll(async () => {
    chat = await openChatFixture()
    model = await startScriptedModel()
  })
  afterAll(async () => {
    await model[Symbol.asyncDispose]()
    await chat[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    said.length = 0
    model.judgeWith(() => false)
    await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status IN ('QUEUED', 'RUNNING')`)
    talk = await chat.converse()
  })

  const work = (options: WorkOptions = {}) =>
    startWork(chat, model, { onLog: (line) => void said.push(line), ...options })

  const reply = () => replyIn(chat, talk)
  const ended = () => endedReplyIn(chat, talk)
  const ask = (question: string, options?: WorkOptions) =>
    answerTo(question, { chat, talk, startWorker: () => work(options) })

  const cancel = async () =>
    chat.services.replies.cancel(chat.fork(), viewerNamed(chat.viewerId), (await reply()).messageId)

  describe('that can no longer write its reply', () => {
    /** Has the model speak only after this has happened to the conversation. */
    async function interrupt(happen: () => Promise<unknown>): Promise<void> {
      model.answerWith(async (answer) => {
        await happen()
        answer.say('Once').finish()
      })
      await chat.say(talk, 'Tell me.')
    }

    it('says so without a warning when the conversation was deleted', async () => {
      await interrupt(() => chat.services.conversations.delete(chat.fork(), viewerNamed(chat.viewerId), talk.id))
      await using _worker = work()
      await expect.poll(() => said).toEqual(['info: stopped a reply, because its conversation was deleted'])
    })

    it('warns when another one has it', async () => {
      await interrupt(() =>
        chat.fork().execute('UPDATE chat.generation SET attempt = attempt + 1 WHERE conversation_id = ?', [talk.id]),
      )
      await using _worker = work()
      await expect.poll(() => said).toEqual(['warn: lost the lease on a reply'])
    })

    it('lets go of the model when it is cancelled, long before it renews its lease', async () => {
      const letGo = Promise.withResolvers<void>()
      model.answerWith((answer) => {
        void answer.closed.then(letGo.resolve)
        answer.say('Once upon')
      })
      await chat.say(talk, 'Tell me.')
      await using _worker = work({ times: { leaseMs: 60_000, heartbeatMs: 60_000, giveUpMs: 60_000 } })
      await expect.poll(async () => (await reply()).textLength).toBe(9)
      await cancel()

      await letGo.promise
      await expect.poll(() => said).toEqual(['info: stopped a reply, because it was cancelled'])
      // What the model had written is estimated: one token for four bytes.
      expect(await reply()).toMatchObject({
        status: 'CANCELLED',
        body: 'Once upon',
        outputTokens: 3,
        isEstimated: true,
      })
    })

    it('goes on when the word of an ending is late, and it has taken the reply anew', async () => {
      const goOn = Promise.withResolvers<void>()
      model.answerWith(async (answer) => {
        answer.say('Once upon')
        await goOn.promise
        answer.say(' a time').finish()
      })
      await chat.say(talk, 'Tell me.')
      await using _worker = work()
      await expect.poll(async () => (await reply()).textLength).toBe(9)
      chat.bus.publish(REPLY_STOPPED, (await reply()).id)
      chat.bus.publish(REPLY_STOPPED, newUuid())
      chat.bus.publish(REPLY_STOPPED, { no: 'id' })
      goOn.resolve()

      expect(await ended()).toMatchObject({ status: 'COMPLETED', body: 'Once upon a time', attempt: 1 })
    })
  })

  describe('that has an answer', () => {
    it('says why it ended, who gave it, and what it cost', async () => {
      model.answerWith((answer) =>
        answer.say('As long as it may').finish({ prompt_tokens: 7, completion_tokens: 5 }, 'length'),
      )
      expect(await ask('Tell me.')).toMatchObject({
        ...{ status: 'COMPLETED', finishReason: 'length', endpoint: 'scripted', body: 'As long as it may' },
        ...{ inputTokens: 7, outputTokens: 5, isEstimated: false },
      })
    })

    it('comes by all steps, in order', async () => {
      const steps: WorkerStep[] = []
      model.answerWith((answer) => answer.say('Hello.').finish())
      await ask('Tell me.', { steps: async (step) => void steps.push(step) })
      expect(steps).toEqual(['claimed', 'first text', 'written', 'finishing', 'finished'])
    })

    it('ends the reply all the same when the connection broke as it was ended', async () => {
      model.answerWith((answer) => answer.say('Hello.').finish())
      let tries = 0
      const steps = async (step: WorkerStep) => {
        if (step === 'finishing' && ++tries === 1) throw new Error('Connection terminated unexpectedly')
      }
      expect(await ask('Tell me.', { steps })).toMatchObject({ status: 'COMPLETED', attempt: 1, body: 'Hello.' })
      expect(tries).toBe(2)
    })

    it('ends the reply at once where a fault of ours would only come again', async () => {
      model.answerWith((answer) => answer.say('Hello.').finish())
      const steps = async (step: WorkerStep) => {
        if (step === 'finishing') throw new Error('A fault')
      }
      expect(await ask('Tell me.', { steps })).toMatchObject({
        ...{ status: 'FAILED', errorCode: 'INTERNAL', attempt: 1, body: 'Hello.' },
      })
      await expect.poll(() => said).toEqual(['error: could not write a reply', 'info: a reply has ended'])
    })

    it('hands over no half of a character', async () => {
      model.answerWith((answer) => void answer.say('Hi \ud83d'))
      await chat.say(talk, 'Tell me.')
      {
        await using _worker = work()
        await expect.poll(async () => (await reply()).textLength).toBe(3)
      }
      const [{ text } = { text: '' }] = await chat
        .fork()
        .execute<{ text: string }[]>(
          `SELECT string_agg(text, '' ORDER BY start_offset) AS text FROM chat.generation_chunk WHERE conversation_id = ?`,
          [talk.id],
        )
      expect(text).toBe('Hi ')
    })

    it('ends a reply that is as long as any may be, with what there is', async () => {
      const letGo = Promise.withResolvers<void>()
      model.answerWith((answer) => {
        void answer.closed.then(letGo.resolve)
        answer.say('x'.repeat(500_001)).say('y')
      })
      const { body, ...rest } = await ask('Tell me.')
      await letGo.promise
      expect([body.length, rest.status, rest.finishReason]).toEqual([500_000, 'COMPLETED', 'length'])

      model.answerWith((answer) => answer.say('x'.repeat(499_999)).say('👋').finish())
      const cut = await ask('Tell me.')
      expect([cut.body.length, cut.finishReason]).toEqual([500_000, 'length'])
    })

    it.each<[string, string, Script]>([
      ['was refused', 'PROVIDER_REJECTED', (answer) => answer.refuse(401, 'no')],
      ['said that it failed', 'PROVIDER_UNAVAILABLE', (answer) => answer.event({ error: { message: 'no' } }).close()],
      ['could not be read', 'PROVIDER_UNAVAILABLE', (answer) => answer.bytes(Buffer.from('data: {\n\n')).close()],
      ['was no stream', 'PROVIDER_UNAVAILABLE', (answer) => answer.json({ choices: [] })],
      ['was silent', 'PROVIDER_TIMEOUT', () => undefined],
    ])('bills nothing for a call without a word that %s', async (_, errorCode, script) => {
      model.answerWith(script)
      expect(await ask('Tell me.', { config: { idleTimeoutMs: script.length === 0 ? 300 : 600_000 } })).toMatchObject({
        ...{ status: 'FAILED', errorCode, inputTokens: 0, outputTokens: 0, isEstimated: false },
      })
    })

    it.each<[string, string, EndReason]>([
      ['said nothing', 'PROVIDER_UNAVAILABLE', 'stop'],
      ['spent all its tokens before its first word', 'STREAM_INCOMPLETE', 'length'],
      ['was withheld', 'MODERATION_REFUSED', 'content_filter'],
    ])('has failed when its model %s, and bills what the provider says', async (_, errorCode, reason) => {
      model.answerWith((answer) => answer.finish({ prompt_tokens: 7, completion_tokens: 5 }, reason))
      expect(await ask('Tell me.')).toMatchObject({
        ...{ status: 'FAILED', errorCode, finishReason: null, body: '' },
        ...{ inputTokens: 7, outputTokens: 5, isEstimated: false },
      })
    })

    it('bills an estimate for one that broke off', async () => {
      model.answerWith((answer) => answer.say('12345678').cut())
      expect(await ask('Tell me.')).toMatchObject({
        ...{ status: 'FAILED', errorCode: 'STREAM_INCOMPLETE', body: '12345678', outputTokens: 2, isEstimated: true },
      })
    })
  })

  it('asks for no longer an answer than there is room for', async () => {
    model.answerWith((answer) => answer.say('Hello.').finish())
    const models: [{ id: string; contextTokens: number }] = [{ id: 'a-model', contextTokens: 300 }]
    await ask('Tell me.', { config: { models, dailyTokensPerUser: 1_000_000 } })
    expect(model.requests.at(-1)?.max_tokens).toBeLessThan(300)
  })

  it('lets the model write what is left of the day, and refuses what is beyond', async () => {
    const payer = newUuid()
    const config = { dailyTokensPerUser: 80 }
    const askAs = async () => {
      talk = await chat.services.conversations.create(chat.fork(), payer, { kind: 'ASSISTANT', title: 'Named' })
      await chat.services.messages.send(chat.fork(), payer, talk, { body: 'Tell me.', clientId: newUuid() })
      await using _worker = work({ config })
      return await ended()
    }
    model.answerWith((answer) => answer.say('All of it').finish({ prompt_tokens: 20, completion_tokens: 60 }))
    expect(await askAs()).toMatchObject({ status: 'COMPLETED', inputTokens: 20, outputTokens: 60 })
    expect(model.requests.at(-1)?.max_tokens).toBeLessThan(80)

    const asked = model.requests.length
    expect(await askAs()).toMatchObject({ status: 'FAILED', errorCode: 'QUOTA_EXCEEDED', body: '', inputTokens: 0 })
    expect(model.requests).toHaveLength(asked)
  })

  describe('whose model calls tools without an end', () => {
    const TOOLS: WorkOptions = { config: { models: [{ id: 'a-model', tools: true }] } }

    it('offers it none at the eighth call, and the reply has failed if it calls one all the same', async () => {
      const offered: number[] = []
      model.answerWith((answer, request) => {
        offered.push(request.tools?.length ?? 0)
        answer.call('search_messages', { query: 'word' }).finish({ prompt_tokens: 10, completion_tokens: 1 })
      })
      expect(await ask('Search', TOOLS)).toMatchObject({
        ...{ status: 'FAILED', errorCode: 'STREAM_INCOMPLETE', finishReason: null, body: '' },
        ...{ inputTokens: 80, outputTokens: 8, isEstimated: false },
      })
      expect(offered).toEqual([1, 1, 1, 1, 1, 1, 1, 0])
    })

    it('ends the reply with what it has said before them, also when nothing comes after', async () => {
      const call: Script = (answer) => answer.say('I look. ').call('search_messages', { query: 'word' }).finish()
      let calls = 0
      model.answerWith((answer, request) => (++calls === 1 ? call(answer, request) : answer.finish()))
      expect(await ask('Search', TOOLS)).toMatchObject({ status: 'COMPLETED', finishReason: 'stop', body: 'I look. ' })
      talk = await chat.converse()
      model.answerWith(call)
      expect(await ask('Search', TOOLS)).toMatchObject({
        ...{ status: 'COMPLETED', finishReason: 'length', body: 'I look. '.repeat(8) },
      })
    })
  })
})
