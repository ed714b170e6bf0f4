import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../../../platform/logging.ts'
import { type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import { LanguageModel } from '../model/language-model.ts'
import { ReplyWorker } from './reply-worker.ts'

describe('a worker that can no longer write its reply', () => {
  let chat: ChatFixture
  let model: ScriptedModel
  const said: string[] = []
  beforeAll(async () => {
    chat = await openChatFixture()
    model = await startScriptedModel()
  })
  afterAll(async () => {
    await model[Symbol.asyncDispose]()
    await chat[Symbol.asyncDispose]()
  })
  beforeEach(() => void said.splice(0))

  function work(): ReplyWorker {
    const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
    for (const level of ['info', 'warn', 'error'] as const) {
      logger[level] = (_: unknown, message?: string) => void said.push(`${level}: ${message}`)
    }
    const { fork, bus } = chat
    const language = new LanguageModel({ apiKey: undefined, baseUrl: model.baseUrl, idleTimeoutMs: 600_000 })
    return new ReplyWorker({ fork, bus, model: language, contextTokens: 1_000, logger })
  }

  /** Has the model speak only after this has happened to the conversation. */
  async function interrupt(happen: (talk: Conversation) => Promise<unknown>): Promise<void> {
    const talk = await chat.converse()
    model.answerWith(async (answer) => {
      await happen(talk)
      answer.say('Once').finish()
    })
    await chat.say(talk, 'Tell me.')
  }

  it('says so without a warning when the conversation was deleted', async () => {
    await interrupt((talk) => chat.services.conversations.delete(chat.fork(), viewerNamed(chat.viewerId), talk.id))
    await using _worker = work()
    await expect.poll(() => said).toEqual(['info: stopped a reply, because its conversation was deleted'])
  })

  it('warns when another one has it', async () => {
    await interrupt((talk) =>
      chat.fork().execute('UPDATE chat.generation SET attempt = attempt + 1 WHERE conversation_id = ?', [talk.id]),
    )
    await using _worker = work()
    await expect.poll(() => said).toEqual(['warn: lost the lease on a reply'])
  })
})
