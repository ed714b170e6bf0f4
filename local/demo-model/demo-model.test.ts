import fc from 'fast-check'
import OpenAI, { APIError, BadRequestError, NotFoundError } from 'openai'
import type { ChatCompletionChunk, ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DEMO_MODEL_ID, type DemoModel, type DemoModelOptions, startDemoModel } from './demo-model.ts'

const inNoTime = async () => {}
const hello: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello, is anybody there?' }]

async function start(
  options: DemoModelOptions = { schedule: inNoTime },
): Promise<{ model: DemoModel; client: OpenAI }> {
  const model = await startDemoModel(options)
  onTestFinished(() => model[Symbol.asyncDispose]())
  return { model, client: new OpenAI({ baseURL: model.baseUrl, apiKey: 'any', maxRetries: 0, timeout: 5_000 }) }
}

async function chunksOf(stream: AsyncIterable<ChatCompletionChunk>): Promise<ChatCompletionChunk[]> {
  const chunks: ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

function contentOf(chunks: readonly ChatCompletionChunk[]): string {
  return chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
}

function post(
  model: DemoModel,
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
) {
  return fetch(`${model.baseUrl}/chat/completions`, {
    method: 'POST',
    headers,
    body,
    signal: AbortSignal.timeout(5_000),
  })
}

describe('a streamed completion', () => {
  test('begins with the role, brings one word a chunk and ends with the finish reason', async () => {
    const { client } = await start()
    const chunks = await chunksOf(
      await client.chat.completions.create({ model: DEMO_MODEL_ID, messages: hello, stream: true }),
    )
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
    const pieces = chunks.slice(1, -1).map((chunk) => chunk.choices[0]?.delta.content ?? '')
    expect(pieces.length).toBeGreaterThan(60)
    for (const piece of pieces) expect(piece).toMatch(/^\s*\S+$/)
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' })
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true)
  })

  test('carries the usage in a last chunk without choices when asked to', async () => {
    const { client } = await start()
    const stream_options = { include_usage: true }
    const request = { model: DEMO_MODEL_ID, messages: hello, stream: true, stream_options } as const
    const chunks = await chunksOf(await client.chat.completions.create(request))
    const completion_tokens = Math.ceil(Array.from(contentOf(chunks)).length / 4)
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 6, completion_tokens, total_tokens: 6 + completion_tokens },
    })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
  })

  test('ends with the [DONE] event', async () => {
    const { model } = await start()
    const response = await post(model, JSON.stringify({ model: DEMO_MODEL_ID, messages: hello, stream: true }))
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(await response.text()).toMatch(/\n\ndata: \[DONE\]\n\n$/)
  })

  test('waits the given time before every word but the first', async () => {
    const waits: number[] = []
    const schedule = async (ms: number) => void waits.push(ms)
    const { client } = await start({ pieceDelayMs: 35, schedule })
    const chunks = await chunksOf(
      await client.chat.completions.create({ model: DEMO_MODEL_ID, messages: hello, stream: true }),
    )
    const words = contentOf(chunks).trim().split(/\s+/).length
    expect(waits).toEqual(Array.from({ length: words - 1 }, () => 35))
  })

  test('arrives whole in real time too', async () => {
    const { client } = await start({ pieceDelayMs: 0 })
    const chunks = await chunksOf(
      await client.chat.completions.create({ model: DEMO_MODEL_ID, messages: hello, stream: true }),
    )
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
  })

  test('joins to the text of the same request without streaming, for any conversation and limit', async () => {
    const { client } = await start()
    const content = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constant('count to 40'))
    const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content })
    const messages = fc.array(message, { minLength: 1, maxLength: 5 })
    const max_tokens = fc.option(fc.integer({ min: 1, max: 150 }))
    await fc.assert(
      fc.asyncProperty(messages, max_tokens, async (messages, max_tokens) => {
        const request = { model: DEMO_MODEL_ID, messages, max_tokens }
        const whole = await client.chat.completions.create(request)
        const chunks = await chunksOf(await client.chat.completions.create({ ...request, stream: true }))
        expect(contentOf(chunks)).toBe(whole.choices[0]?.message.content)
        expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(whole.choices[0]?.finish_reason)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a client that leaves', () => {
  test('gets the first word before any time passes, and its abort ends the wait for the second', async () => {
    const left = Promise.withResolvers<void>()
    const schedule = (_ms: number, signal: AbortSignal) =>
      new Promise<void>((_, reject) => {
        signal.addEventListener('abort', () => {
          left.resolve()
          reject(signal.reason)
        })
      })
    const { client } = await start({ schedule })
    const stream = await client.chat.completions.create({ model: DEMO_MODEL_ID, messages: hello, stream: true })
    const received: string[] = []
    for await (const chunk of stream) {
      const content = chunk.choices[0]?.delta.content
      if (content) received.push(content)
      if (content) stream.controller.abort()
    }
    await left.promise
    expect(received).toEqual(['Hello,'])
  })

  test('is written nothing more, even when the injected time does not heed the signal', async () => {
    const waiting = Promise.withResolvers<AbortSignal>()
    const held = Promise.withResolvers<void>()
    let waits = 0
    const schedule = (_ms: number, signal: AbortSignal) => {
      waits += 1
      waiting.resolve(signal)
      return held.promise
    }
    const { client } = await start({ schedule })
    const stream = await client.chat.completions.create({ model: DEMO_MODEL_ID, messages: hello, stream: true })
    const signal = await waiting.promise
    const left = new Promise((resolve) => signal.addEventListener('abort', resolve))
    stream.controller.abort()
    await left
    held.resolve()
    await client.models.list()
    expect(waits).toBe(1)
  })

  test('does not keep the server from closing, nor does one that stays', async () => {
    const waiting = Promise.withResolvers<void>()
    const schedule = (_ms: number, signal: AbortSignal) => {
      waiting.resolve()
      return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const { model, client } = await start({ schedule })
    const stream = await client.chat.completions.create({ model: DEMO_MODEL_ID, messages: hello, stream: true })
    const received = expect(chunksOf(stream)).rejects.toThrow('terminated')
    await waiting.promise
    await model[Symbol.asyncDispose]()
    await received
    await expect(client.models.list()).rejects.toThrow(OpenAI.APIConnectionError)
  })
})

describe('a whole completion', () => {
  test('has the shape and the usage the SDK expects', async () => {
    const { client } = await start()
    const completion = await client.chat.completions.create({ model: DEMO_MODEL_ID, messages: hello })
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: DEMO_MODEL_ID,
      choices: [{ index: 0, message: { role: 'assistant', refusal: null }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 6 },
    })
    expect(completion.id).toMatch(/^chatcmpl-/)
  })

  test('says the same to the same messages', async () => {
    const { client } = await start()
    const ask = () => client.chat.completions.create({ model: DEMO_MODEL_ID, messages: hello })
    const [one, other] = await Promise.all([ask(), ask()])
    expect(one.choices[0]?.message.content).toBe(other.choices[0]?.message.content)
  })

  test('is given the history and says how long it is', async () => {
    const { client } = await start()
    const messages: ChatCompletionMessageParam[] = [
      { role: 'system', content: 'Be brief.' },
      ...hello,
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: [{ type: 'text', text: 'what is 12*7?' }] },
    ]
    const completion = await client.chat.completions.create({ model: DEMO_MODEL_ID, messages })
    expect(completion.choices[0]?.message.content).toContain('12 × 7 = 84')
    expect(completion.choices[0]?.message.content).toContain('message 3 of our talk')
  })

  test('stops at the token limit with the finish reason length', async () => {
    const { client } = await start()
    const request = { model: DEMO_MODEL_ID, messages: hello }
    const whole = await client.chat.completions.create(request)
    for (const limit of [{ max_tokens: 5 }, { max_completion_tokens: 5, max_tokens: 9 }]) {
      const { choices, usage } = await client.chat.completions.create({ ...request, ...limit })
      expect(choices[0]).toMatchObject({ finish_reason: 'length' })
      expect(choices[0]?.message.content).toBe(whole.choices[0]?.message.content?.slice(0, 20))
      expect(usage?.completion_tokens).toBe(5)
    }
    const max_tokens = whole.usage?.completion_tokens ?? 0
    const exact = await client.chat.completions.create({ ...request, max_tokens })
    expect(exact.choices[0]).toEqual(whole.choices[0])
  })
})

describe('the list of models', () => {
  test('has the demo model alone', async () => {
    const { client } = await start()
    const { data } = await client.models.list()
    expect(data.map(({ id }) => id)).toEqual([DEMO_MODEL_ID])
  })
})

describe('a refused request', () => {
  async function refusalOf(request: Promise<unknown>): Promise<APIError> {
    const error = await request.then(() => undefined).catch((reason: unknown) => reason)
    if (!(error instanceof APIError)) throw new Error(`expected an APIError, got ${error}`)
    return error
  }

  test('for an unknown model is a NotFoundError that names the known one', async () => {
    const { client } = await start()
    const error = await refusalOf(client.chat.completions.create({ model: 'gpt-4', messages: hello }))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ code: 'model_not_found', param: 'model', type: 'invalid_request_error' })
    expect(error.message).toContain(DEMO_MODEL_ID)
  })

  test('for an unknown path is a NotFoundError that names the known ones', async () => {
    const { client } = await start()
    const error = await refusalOf(client.embeddings.create({ model: DEMO_MODEL_ID, input: 'x' }))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ code: 'unknown_url', param: null })
    expect(error.message).toContain('POST /v1/embeddings')
  })

  test.each([
    [{ model: DEMO_MODEL_ID }, 'missing_required_parameter', 'messages'],
    [{ messages: hello }, 'missing_required_parameter', 'model'],
    [{ model: DEMO_MODEL_ID, messages: [] }, 'invalid_value', 'messages'],
    [{ model: DEMO_MODEL_ID, messages: [{ role: 'wizard', content: 'x' }] }, 'invalid_value', 'messages[0].role'],
    [{ model: DEMO_MODEL_ID, messages: hello, max_tokens: 0 }, 'invalid_value', 'max_tokens'],
  ])('for the body %j is a BadRequestError %s at %s', async (body, code, param) => {
    const { client } = await start()
    const error = await refusalOf(client.post('/chat/completions', { body }))
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ code, param, type: 'invalid_request_error' })
  })

  test('for a body that is no JSON, no object or no JSON type says so in the same shape', async () => {
    const { model } = await start()
    const refused = async (response: Response) => ({ status: response.status, body: await response.json() })
    const refusal = (status: number, code: string) => ({
      status,
      body: { error: { code, type: 'invalid_request_error' } },
    })
    expect(await refused(await post(model, '{"model":'))).toMatchObject(refusal(400, 'invalid_body'))
    expect(await refused(await post(model, '[]'))).toMatchObject(refusal(400, 'invalid_value'))
    const xml = await post(model, '<x/>', { 'content-type': 'text/xml' })
    expect(await refused(xml)).toMatchObject(refusal(415, 'unsupported_media_type'))
  })

  test('for a body over 1 MiB is 413, while one just below is answered', async () => {
    const { client } = await start()
    const ask = (length: number) =>
      client.chat.completions.create({
        model: DEMO_MODEL_ID,
        messages: [{ role: 'user', content: 'a'.repeat(length) }],
      })
    const error = await refusalOf(ask(1024 * 1024))
    expect(error).toMatchObject({ status: 413, code: 'request_too_large' })
    expect((await ask(1024 * 1024 - 200)).choices[0]?.finish_reason).toBe('stop')
  })

  test.each([-1, Number.NaN, 10_001])('a piece delay of %s ms does not start', async (pieceDelayMs) => {
    await expect(startDemoModel({ pieceDelayMs })).rejects.toThrow(RangeError)
  })
})
