import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { ModelDescription } from './model-description.ts'
import type { Turn } from './model-request.ts'
import { ask, modelOf as modelAt, QUESTION, SEARCH } from './testing/asking.ts'

let server: ScriptedModel
beforeEach(async () => {
  server = await startScriptedModel()
})
afterEach(() => server[Symbol.asyncDispose]())

const modelOf = (facts: Partial<ModelDescription> = {}, baseUrl = server.baseUrl) =>
  modelAt({ endpoints: [{ name: 'only', baseUrl, apiKey: undefined }] }, facts)

describe.each(['openai', 'vllm', 'ollama', 'responses'] as const)('the interface as %s has it', (style) => {
  const baseUrl = () => (style === 'ollama' || style === 'vllm' ? server.baseUrlOf(style) : server.baseUrl)
  const model = () => modelOf({ api: style === 'responses' ? 'responses' : 'chat' }, baseUrl())

  it('streams text, and says what it cost if it ever does', async () => {
    server.answerWith((answer) => answer.say('Hello').say(' 👋').finish({ prompt_tokens: 7, completion_tokens: 2 }))
    expect(await ask(model())).toMatchObject({
      text: 'Hello 👋',
      usage: style === 'ollama' ? null : { inputTokens: 7, outputTokens: 2 },
      finishReason: 'stop',
    })
  })

  it('streams calls of tools, several at once', async () => {
    server.answerWith((answer) =>
      answer.say('Let me see.').call('search', { text: 'café' }, 'a').call('search', { text: 'b' }, 'b').finish(),
    )
    expect(await ask(model(), { tools: [SEARCH] })).toMatchObject({
      text: 'Let me see.',
      finishReason: 'calls',
      calls: [
        { id: 'a', name: 'search', arguments: '{"text":"café"}' },
        { id: 'b', name: 'search', arguments: '{"text":"b"}' },
      ],
    })
    expect(server.requests[0]?.tools).toHaveLength(1)
  })

  it('is told the longest answer in words that it knows', async () => {
    await ask(model(), { maxOutputTokens: 99, temperature: 0.5 })
    const limit = style === 'responses' ? 'max_output_tokens' : 'max_tokens'
    expect(server.requests[0]).toMatchObject({ [limit]: 99, temperature: 0.5 })
  })

  it('ends at the longest answer', async () => {
    server.answerWith((answer) => answer.say('Hello').finish(undefined, 'length'))
    expect(await ask(model())).toMatchObject({ text: 'Hello', finishReason: 'length' })
  })
})

describe('calls of tools', () => {
  const delta = (...calls: unknown[]) => ({ choices: [{ index: 0, delta: { tool_calls: calls } }] })
  const end = (reason: string) => ({ choices: [{ index: 0, delta: {}, finish_reason: reason }] })
  const whole = (id: string, index?: number) => ({
    id,
    index,
    function: { name: 'search', arguments: `{"a":"${id}"}` },
  })

  it.each([
    ['one index for all', [delta(whole('a', 0)), delta(whole('b', 0))]],
    ['no index', [delta(whole('a')), delta(whole('b'))]],
    ['all in one piece', [delta(whole('a', 0), whole('b', 1))]],
    [
      'parts that take turns',
      [
        delta({ index: 0, id: 'a', function: { name: 'search', arguments: '{"a"' } }),
        delta({ index: 1, id: 'b', function: { name: 'search', arguments: '{"a"' } }),
        delta({ index: 0, function: { arguments: ':"a"}' } }),
        delta({ index: 1, id: 'b', function: { name: 'search', arguments: ':"b"}' } }),
      ],
    ],
  ])('are told apart with %s', async (_, events) => {
    server.answerWith((answer) => {
      for (const event of events) answer.event(event)
      answer.event(end('stop')).close()
    })
    const { finishReason, calls } = await ask(modelOf())
    expect(finishReason).toBe('calls')
    expect(calls).toEqual(['a', 'b'].map((id) => ({ id, name: 'search', arguments: `{"a":"${id}"}` })))
  })

  it('get a name of their own, and empty arguments, where the model gives none', async () => {
    server.answerWith((answer) =>
      answer
        .event(delta({ index: 0, function: { name: 'search' } }))
        .event(end('stop'))
        .close(),
    )
    expect((await ask(modelOf())).calls).toEqual([{ id: 'call_1', name: 'search', arguments: '{}' }])
  })

  const turns: Turn[] = [
    { role: 'system', content: 'Be brief.' },
    QUESTION,
    {
      role: 'assistant',
      content: 'Let me see.',
      calls: [
        { id: 'a', name: 'search', arguments: '{"text":"x"}' },
        { id: 'b', name: 'search', arguments: '{"text' },
      ],
    },
    { role: 'tool', callId: 'a', content: 'Found.' },
    { role: 'tool', callId: 'b', content: 'Those arguments are no JSON.' },
  ]

  it('are told again with their results, those that no server would read without arguments', async () => {
    await ask(modelOf(), { turns })
    expect(server.requests[0]?.messages).toMatchObject([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Tell me' },
      {
        role: 'assistant',
        content: 'Let me see.',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'search', arguments: '{"text":"x"}' } },
          { id: 'b', type: 'function', function: { name: 'search', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'Found.' },
      { role: 'tool', tool_call_id: 'b', content: 'Those arguments are no JSON.' },
    ])
  })

  it('are told again over the interface `responses` as items of their own', async () => {
    await ask(modelOf({ api: 'responses' }), { turns, tools: [SEARCH] })
    const [request] = server.requests
    expect(request).toMatchObject({
      path: '/v1/responses',
      store: false,
      tools: [{ type: 'function', name: 'search' }],
    })
    expect(request?.messages.slice(2)).toMatchObject([
      { role: 'assistant', content: 'Let me see.' },
      { type: 'function_call', call_id: 'a', name: 'search' },
      { type: 'function_call', call_id: 'b', name: 'search' },
      { type: 'function_call_output', call_id: 'a', output: 'Found.' },
      { type: 'function_call_output', call_id: 'b' },
    ])
  })
})

describe('the interface `responses`', () => {
  const model = () => modelOf({ api: 'responses' })
  const text = (delta: string, number: number) => ({
    type: 'response.output_text.delta',
    delta,
    sequence_number: number,
  })

  it('says everything once, however often an event comes', async () => {
    server.answerWith((answer) => {
      for (const event of [text('a', 0), text('a', 0), text('b', 1), text('a', 0)]) answer.event(event)
      answer.event({ type: 'response.completed', sequence_number: 2, response: { status: 'completed' } }).close()
    })
    expect(await ask(model())).toMatchObject({ text: 'ab', finishReason: 'stop', usage: null })
  })

  it.each([
    ['PROVIDER_RATE_LIMITED', 'rate_limit_exceeded'],
    ['PROVIDER_UNAVAILABLE', 'server_error'],
  ])('fails with %s when it fails with %s', async (code, theirs) => {
    const response = { status: 'failed', error: { code: theirs, message: 'their own words' } }
    server.answerWith((answer) => answer.event({ type: 'response.failed', sequence_number: 0, response }).close())
    const failure = await ask(model()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    expect(String(failure)).not.toContain('their own words')
  })

  it('has broken off when it fails in the midst of its text', async () => {
    const response = { status: 'failed', error: { code: 'server_error' } }
    const failed = { type: 'response.failed', sequence_number: 1, response }
    server.answerWith((answer) => answer.event(text('a', 0)).event(failed).close())
    await expect(ask(model())).rejects.toMatchObject({ code: 'STREAM_INCOMPLETE' })
  })

  it('fails when it ends without a word', async () => {
    server.answerWith((answer) => answer.event(text('a', 0)).close())
    await expect(ask(model())).rejects.toMatchObject({ code: 'STREAM_INCOMPLETE' })
  })
})
