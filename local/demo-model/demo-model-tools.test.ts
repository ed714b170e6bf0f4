import OpenAI from 'openai'
import type { ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources/chat/completions'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DEMO_MODEL_ID, startDemoModel } from './demo-model.ts'

async function start(): Promise<{ client: OpenAI }> {
  const model = await startDemoModel({ schedule: async () => {} })
  onTestFinished(() => model[Symbol.asyncDispose]())
  return { client: new OpenAI({ baseURL: model.baseUrl, apiKey: 'any', maxRetries: 0, timeout: 5_000 }) }
}

describe('the demo model, asked to search messages', () => {
  const question: ChatCompletionMessageParam = { role: 'user', content: 'Please search my messages for “red panda”!' }
  const tool = (name: string): ChatCompletionTool => ({ type: 'function', function: { name, parameters: {} } })
  const request = { model: DEMO_MODEL_ID, messages: [question], tools: [tool('other'), tool('search_messages')] }
  const found = (result: string): ChatCompletionMessageParam[] => [
    question,
    {
      role: 'assistant',
      content: 'Let me look.',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'search_messages', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: result },
  ]
  const say = async (client: OpenAI, messages: ChatCompletionMessageParam[]) =>
    (await client.chat.completions.create({ ...request, messages })).choices[0]?.message.content ?? ''

  test('calls the tool behind some words, streamed as without streaming', async () => {
    const { client } = await start()
    const [choice] = (await client.chat.completions.create(request)).choices
    expect(choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'Let me look through your messages for “red panda”. 🔍\n\n',
        tool_calls: [{ type: 'function', function: { name: 'search_messages', arguments: '{"query":"red panda"}' } }],
      },
    })
    const runner = client.chat.completions.stream(request)
    const [streamed] = (await runner.finalChatCompletion()).choices
    expect(streamed?.finish_reason).toBe('tool_calls')
    expect(streamed?.message.content).toBe(choice?.message.content)
    const functions = (message: typeof streamed) =>
      message?.message.tool_calls?.map((call) => call.type === 'function' && call.function)
    expect(functions(streamed)).toMatchObject([{ name: 'search_messages', arguments: '{"query":"red panda"}' }])
  })

  test('says what any other question gets when the tool is not offered, or must not be called', async () => {
    const { client } = await start()
    const without = { model: DEMO_MODEL_ID, messages: [question] }
    for (const asked of [
      without,
      { ...request, tools: [tool('other')] },
      { ...request, tool_choice: 'none' as const },
    ]) {
      const [choice] = (await client.chat.completions.create(asked)).choices
      expect(choice).toMatchObject({
        finish_reason: 'stop',
        message: { content: expect.stringContaining('You wrote') },
      })
      expect(choice?.message).not.toHaveProperty('tool_calls')
    }
  })

  test('tells what was found, and goes on with what it had begun to tell', async () => {
    const { client } = await start()
    const messages = found(JSON.stringify({ messages: [{ text: 'A red panda!' }, { text: 'Red pandas eat bamboo.' }] }))
    const told = await say(client, messages)
    expect(told).toContain('I found 2 messages, the newest first:\n- “A red panda!”\n- “Red pandas eat bamboo.”\n')
    expect(told).toContain('no language model')
    const content = told.slice(0, 30)
    expect(await say(client, [...messages, { role: 'assistant', content }])).toBe(told.slice(30))
    expect(await say(client, [question, { role: 'assistant', content: 'Let me look' }])).toMatch(/^ through your/)
  })

  test.each([
    ['{"messages":[]}', 'no message'],
    ['{"messages":[null]}', 'one message'],
    ['It took too long.', 'It took too long.'],
    ['{"messages":7}', '{"messages":7}'],
  ])('says something to the result %s', async (result, words) => {
    const { client } = await start()
    expect(await say(client, found(result))).toContain(words)
  })
})
