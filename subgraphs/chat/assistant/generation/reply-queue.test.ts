import { describe, expect, it } from 'vitest'
import { MemoryEventBus } from '../../../../platform/event-bus/memory-event-bus.ts'
import { Conversation } from '../../conversation/conversation.entity.ts'
import { Models } from '../model/models.ts'
import { ReplyQueue } from './reply-queue.ts'

const queue = new ReplyQueue({ bus: new MemoryEventBus(), models: new Models(['a-model'], false) })
const addressed = (kind: Conversation['kind'], body: string) =>
  queue.isAddressed(Object.assign(new Conversation(), { kind }), body)

describe('the assistant is addressed', () => {
  it.each(['Hello', '', 'me@assistant.org'])('in an ASSISTANT conversation by %j', (body) => {
    expect(addressed('ASSISTANT', body)).toBe(true)
  })

  it.each([
    '@assistant',
    '@Assistant, help!',
    'What do you think, @assistant?',
    'Ask (@assistant).',
    'line one\n@assistant line two',
    '“@assistant” 🙂',
    '🙂@assistant',
    '@assistant’s turn',
    'Well, @ASSISTANT...',
    '@assistant-',
    `${'@somebody, '.repeat(300)}@assistant`,
  ])('in a GROUP by %j', (body) => {
    expect(addressed('GROUP', body)).toBe(true)
  })

  it.each([
    'assistant',
    'me@assistant.org',
    'first.@assistant.org',
    'é@assistant',
    '@assistants',
    '@assistant_bot',
    '@assistant1',
    '@assistanté',
    '@@assistant',
    '@ assistant',
    '@assistant.bot',
    '@assistant-bot',
    `@assistant${'.'.repeat(40)}bot`,
    '@assistant@example.org',
    '@assistant\u0301',
    '\u0301@assistant',
  ])('not in a GROUP by %j', (body) => {
    expect(addressed('GROUP', body)).toBe(false)
  })
})
