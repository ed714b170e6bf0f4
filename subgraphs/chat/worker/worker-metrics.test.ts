import { expect, it } from 'vitest'
import { MemoryEventBus } from '../../../platform/event-bus/memory-event-bus.ts'
import { createLogger } from '../../../platform/logging.ts'
import { scrape } from '../../../platform/testing/scrape.ts'
import { startScriptedModel } from '../../../tests/support/scripted-model.ts'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { endedReplyIn } from '../assistant/generation/testing/asking.ts'
import { readChatConfig } from '../config.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { startWorker } from './worker.ts'

it('a worker of its own tells of the replies that it writes, of its pool and of its bus', async () => {
  await using model = await startScriptedModel()
  await using database = await createTestDatabase()
  await using bus = new MemoryEventBus()
  await using chat = await openChatFixture({ url: database.url, [Symbol.asyncDispose]: async () => undefined })
  const config = readChatConfig({
    WORKER_PORT: '0',
    DATABASE_URL: database.url,
    AUTH_URL: 'http://127.0.0.1:1',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: model.baseUrl,
    OPENAI_MODELS: 'a-model',
    LOG_LEVEL: 'silent',
  })
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  await using worker = await startWorker(config, { bus, logger })
  model.answerWith((answer) => answer.say('Hello.').finish({ prompt_tokens: 7, completion_tokens: 2 }))
  const talk = await chat.converse('ASSISTANT', { title: 'A talk' })
  await chat.say(talk, 'Hello?')
  await endedReplyIn(chat, talk)

  await expect
    .poll(async () => (await scrape(worker.url))('parley_assistant_replies_total'))
    .toEqual({ 'status="COMPLETED",code="NONE"': 1 })
  const told = await scrape(worker.url)
  expect(told('parley_assistant_tokens_total')).toEqual({
    'model="a-model",direction="input"': 7,
    'model="a-model",direction="output"': 2,
  })
  const endpoint = new URL(model.baseUrl).host
  expect(told('parley_assistant_provider_requests_total')).toEqual({ [`endpoint="${endpoint}",result="ok"`]: 1 })
  expect(told('parley_assistant_replies_waiting')).toEqual({ '': 0 })
  expect(told('parley_database_pool_limit')).toEqual({ '': 10 })
  expect(told('parley_bus_connected')).toEqual({ '': 1 })
  expect(told('parley_bus_messages_total')['direction="published"']).toBeGreaterThan(0)
  expect(Object.keys(told('parley_build_info'))).toEqual([expect.stringContaining('role="worker"')])
})
