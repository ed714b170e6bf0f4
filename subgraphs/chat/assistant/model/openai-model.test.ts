import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { ModelDescription } from './model-description.ts'
import type { Turn } from './model-request.ts'
import { GO_ON, type OpenAiModelOptions } from './openai-model.ts'
import { ask, modelOf as modelAt, QUESTION } from './testing/asking.ts'

const NOBODY = { name: 'nobody', baseUrl: 'http://127.0.0.1:9/v1', apiKey: undefined }

let server: ScriptedModel
let other: ScriptedModel
beforeEach(async () => {
  server = await startScriptedModel()
  other = await startScriptedModel()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

const first = () => ({ name: 'first', baseUrl: server.baseUrl, apiKey: 'sk-first' })
const second = () => ({ name: 'second', baseUrl: other.baseUrl, apiKey: 'sk-second' })

const modelOf = (options: Partial<OpenAiModelOptions> = {}, facts: Partial<ModelDescription> = {}) =>
  modelAt({ endpoints: [first()], ...options }, facts)

describe('an answer', () => {
  it('is its text, why it ended, what it cost, and who gave it', async () => {
    server.answerWith((answer) => answer.say('Hello ').say('you').finish({ prompt_tokens: 7, completion_tokens: 2 }))
    expect(await ask(modelOf())).toEqual({
      text: 'Hello you',
      usage: { inputTokens: 7, outputTokens: 2 },
      finishReason: 'stop',
      calls: [],
      endpoint: 'first',
    })
  })

  it('is cut at the longest when the model says so, and a call that was cut with it is not one', async () => {
    server.answerWith((answer) => answer.say('Hello').call('search', '{"fo').finish(undefined, 'length'))
    expect(await ask(modelOf())).toMatchObject({ text: 'Hello', finishReason: 'length', calls: [] })
  })

  it('that the provider withholds for what it says is refused', async () => {
    server.answerWith((answer) => answer.say('How to').finish(undefined, 'content_filter'))
    await expect(ask(modelOf())).rejects.toMatchObject({ code: 'MODERATION_REFUSED' })
  })

  it('is whole when its end was said, whether or not the stream ends well after it', async () => {
    const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
    server.answerWith((answer) => answer.say('Whole').event(end).cut())
    expect(await ask(modelOf())).toMatchObject({ text: 'Whole', finishReason: 'stop', usage: null })
    server.answerWith((answer) => void answer.say('Whole').event(end))
    expect(await ask(modelOf({ idleTimeoutMs: 60_000 }))).toMatchObject({
      text: 'Whole',
      finishReason: 'stop',
      usage: null,
    })
  })

  it('has nothing of what comes twice after its end, or belongs to no answer', async () => {
    server.answerWith((answer) => {
      for (const noise of [null, 7, [], { choices: null }, { choices: [{ delta: 'x' }] }]) {
        answer.event(noise)
      }
      answer
        .event({ choices: [{ index: 1, delta: { content: 'another choice' } }] })
        .event({
          choices: [{ delta: { content: 7, tool_calls: 'x' }, finish_reason: '' }],
          usage: { prompt_tokens: -1 },
        })
        .event({ choices: [{ delta: { content: 'Hello', tool_calls: [null] } }] })
      const end = { choices: [{ delta: {}, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 2 } }
      answer.event(end).event(end).say('Hello').finish()
    })
    expect(await ask(modelOf())).toMatchObject({
      text: 'Hello',
      finishReason: 'stop',
      calls: [],
      usage: { inputTokens: 1, outputTokens: 2 },
    })
  })

  it('may wait as long as it takes for who takes its text', async () => {
    server.answerWith((answer) => answer.say('Hello').finish())
    const onText = async () => void vi.advanceTimersByTime(2_000)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const options = { signal: new AbortController().signal, onText }
      const answer = await modelOf({ idleTimeoutMs: 1_000 }).reply({ model: 'm', turns: [QUESTION] }, options)
      expect(answer.finishReason).toBe('stop')
    } finally {
      vi.useRealTimers()
    }
  })

  it.each([4_294_967_295, 10_000_001, 0.5, '7'])('has not cost %j tokens, whatever its server says', async (count) => {
    const usage = { prompt_tokens: count, completion_tokens: 2 }
    server.answerWith((answer) => answer.event({ choices: [{ delta: {}, finish_reason: 'stop' }], usage }).close())
    expect((await ask(modelOf())).usage).toBeNull()
  })

  it.each([
    ['EOS', 'stop'],
    ['tool_calls', 'stop'],
    ['model_length', 'length'],
  ])('that ends with %j ended well', async (reason, finishReason) => {
    server.answerWith((answer) =>
      answer
        .say('Hello')
        .event({ choices: [{ delta: {}, finish_reason: reason }] })
        .close(),
    )
    expect(await ask(modelOf())).toMatchObject({ text: 'Hello', finishReason })
  })

  it.each(['abort', 'error', 'constructor'])('that ends with %j is not whole', async (reason) => {
    server.answerWith((answer) =>
      answer
        .say('Hello')
        .event({ choices: [{ delta: {}, finish_reason: reason }] })
        .close(),
    )
    await expect(ask(modelOf())).rejects.toMatchObject({ code: 'STREAM_INCOMPLETE' })
  })

  it('is whole soon after its end, also when its server goes on without an end', async () => {
    const end = { choices: [{ delta: { content: 'Whole' }, finish_reason: 'stop' }] }
    let heartbeat: NodeJS.Timeout | undefined
    server.answerWith((answer) => {
      answer.event(end)
      heartbeat = setInterval(() => answer.event({ choices: [] }), 50)
    })
    try {
      expect(await ask(modelOf())).toMatchObject({ text: 'Whole', finishReason: 'stop' })
    } finally {
      clearInterval(heartbeat)
    }
  })

  it('is ended by what its taker throws, also with its last piece, and nobody else is asked', async () => {
    const failure = new Error('The taker fails.')
    const last = { choices: [{ delta: { content: 'Hello' }, finish_reason: 'stop' }] }
    server.answerWith((answer) => answer.event(last).close())
    const options = { signal: new AbortController().signal, onText: () => Promise.reject(failure) }
    const reply = modelOf({ endpoints: [first(), second()] }).reply({ model: 'm', turns: [QUESTION] }, options)
    await expect(reply).rejects.toBe(failure)
    expect(other.requests).toHaveLength(0)
  })

  it('is let go of when nobody wants it any more, with the reason given', async () => {
    const controller = new AbortController()
    const closed = Promise.withResolvers<void>()
    const reason = new Error('Enough.')
    server.answerWith(async (answer) => {
      answer.say('Hello')
      controller.abort(reason)
      await answer.closed
      closed.resolve()
    })
    await expect(ask(modelOf({ endpoints: [first(), second()] }), {}, controller.signal)).rejects.toBe(reason)
    await closed.promise
    expect(other.requests).toHaveLength(0)
  })
})

describe('going on with an answer', () => {
  const begun: Turn = { role: 'assistant', content: 'As far as' }

  it('leaves the beginning as the last turn to a model that can, with the fields it wants for that', async () => {
    const facts = { canContinue: true, continueFields: { continue_final_message: true, add_generation_prompt: false } }
    await ask(modelOf({}, facts), { turns: [QUESTION, begun], continues: true })
    await ask(modelOf({}, facts))
    expect(server.requests[0]?.messages).toEqual([QUESTION, begun])
    expect(server.requests[0]).toMatchObject(facts.continueFields)
    expect(server.requests[1]).not.toHaveProperty('continue_final_message')
  })

  it('asks every other model to', async () => {
    await ask(modelOf(), { turns: [QUESTION, begun], continues: true })
    expect(server.requests[0]?.messages).toEqual([QUESTION, begun, { role: 'user', content: GO_ON }])
  })

  it('asks anew where there is nothing to go on with', async () => {
    await ask(modelOf(), { turns: [QUESTION, { role: 'assistant', content: '' }], continues: true })
    await ask(modelOf(), { continues: true })
    expect(server.requests.map(({ messages }) => messages)).toEqual([[QUESTION], [QUESTION]])
  })
})

describe('the endpoints', () => {
  const both = (options: Partial<OpenAiModelOptions> = {}) => modelOf({ endpoints: [first(), second()], ...options })

  it('are given their own keys, or none, and the model’s name there', async () => {
    const keyless = { ...second(), apiKey: undefined }
    server.answerWith((answer) => answer.refuse(401, 'no'))
    await ask(modelOf({ endpoints: [first(), keyless] }, { nameAt: { [`${other.baseUrl}/`]: 'maker/m' } }))
    expect(server.requests[0]).toMatchObject({ authorization: 'Bearer sk-first', model: 'm' })
    expect(other.requests[0]).toMatchObject({ model: 'maker/m' })
    expect(other.requests[0]?.authorization).toBeUndefined()
  })

  it.each([
    ['refuses the key', 401, 1],
    ['wants money', 402, 1],
    ['forbids it', 403, 1],
    ['does not know the model', 404, 1],
    ['is asked too often', 429, 2],
    ['fails', 500, 2],
    ['is overloaded', 503, 2],
  ])('are asked in turn when the first %s', async (_, status, requests) => {
    server.answerWith((answer) => answer.refuse(status, 'no'))
    expect(await ask(both())).toMatchObject({ text: 'Hello.', endpoint: 'second' })
    expect(server.requests).toHaveLength(requests)
  })

  it.each<[string, Parameters<ScriptedModel['answerWith']>[0]]>([
    ['hangs up', (answer) => answer.cut()],
    ['says nothing', () => undefined],
    ['ends without a word', (answer) => answer.bytes(Buffer.from('\n')).close()],
    ['says what cannot be read', (answer) => answer.bytes(Buffer.from('data: {\n\n')).close()],
    ['says that it failed', (answer) => answer.event({ error: { message: 'no' } }).close()],
    ['breaks off in a call', (answer) => answer.call('search').cut()],
  ])('are asked in turn when the first %s', async (_, script) => {
    server.answerWith(script)
    expect(await ask(both({ idleTimeoutMs: 1_000 }))).toMatchObject({ text: 'Hello.', endpoint: 'second' })
  })

  it('are asked in turn when nobody listens at the first', async () => {
    expect(await ask(modelOf({ endpoints: [NOBODY, second()] }))).toMatchObject({ endpoint: 'second' })
  })

  it('fail when nobody listens at the only one', async () => {
    const only = modelOf({ endpoints: [NOBODY] })
    await expect(ask(only)).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' })
  })

  it.each([400, 413, 422])('are not asked in turn for a request that is wrong everywhere: %i', async (status) => {
    server.answerWith((answer) => answer.refuse(status, 'no'))
    await expect(ask(both())).rejects.toMatchObject({ code: 'PROVIDER_REJECTED' })
    expect(other.requests).toHaveLength(0)
  })

  it('are not asked in turn once there is text', async () => {
    server.answerWith((answer) => answer.say('As far as').cut())
    await expect(ask(both())).rejects.toMatchObject({ code: 'STREAM_INCOMPLETE' })
    expect(other.requests).toHaveLength(0)
  })

  it('fail with what the last one failed with', async () => {
    server.answerWith((answer) => answer.refuse(401, 'no'))
    other.answerWith((answer) => answer.refuse(429, 'no'))
    await expect(ask(both())).rejects.toMatchObject({ code: 'PROVIDER_RATE_LIMITED' })
  })

  it('are asked after the others for a while when they did not answer, and in their order then', async () => {
    server.answerWith((answer) => answer.refuse(404, 'no'))
    const model = both({ restMs: 60_000 })
    await ask(model)
    await ask(model)
    expect([server.requests.length, other.requests.length]).toEqual([1, 2])

    const rested = both({ restMs: 0 })
    await ask(rested)
    await ask(rested)
    expect([server.requests.length, other.requests.length]).toEqual([3, 4])
  })

  it('are not waited for when they want to be asked much later and another can be asked now', async () => {
    for (const header of [{ 'retry-after': '30' }, { 'retry-after-ms': '30000' }]) {
      server.answerWith((answer) => answer.refuse(429, 'no', header))
      expect(await ask(both())).toMatchObject({ endpoint: 'second' })
    }
    expect(server.requests).toHaveLength(2)
  })

  it('are not asked again before they want to be', async () => {
    const soon = new Date(Date.now() + 90_000).toUTCString()
    for (const header of [{ 'retry-after': soon }, { 'retry-after-ms': '90000', 'retry-after': '1' }]) {
      server.answerWith((answer) => answer.refuse(429, 'no', header))
      await expect(ask(modelOf())).rejects.toMatchObject({ code: 'PROVIDER_RATE_LIMITED' })
    }
    expect(server.requests).toHaveLength(2)
  })
})

describe('settings older than the configuration', () => {
  it('are brought within the limits of the model', async () => {
    const facts = { maxOutputTokens: 100, temperature: [0, 1] as [number, number] }
    await ask(modelOf({}, facts), { temperature: 2, maxOutputTokens: 1_000 })
    expect(server.requests[0]).toMatchObject({ temperature: 1, max_tokens: 100 })
    await ask(modelOf({}, { temperature: null, outputLimit: 'max_completion_tokens' }), {
      temperature: 2,
      maxOutputTokens: 9,
    })
    expect(server.requests[1]).toMatchObject({ max_completion_tokens: 9 })
    expect(server.requests[1]).not.toHaveProperty('temperature')
  })
})
