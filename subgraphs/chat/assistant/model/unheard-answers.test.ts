import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeError } from '../../../../platform/error-description.ts'
import { type Script, type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { ModelDescription } from './model-description.ts'
import type { OpenAiModelOptions } from './openai-model.ts'
import { ask, modelOf as modelAt } from './testing/asking.ts'

let server: ScriptedModel
beforeEach(async () => {
  server = await startScriptedModel()
})
afterEach(() => server[Symbol.asyncDispose]())

const modelOf = (options: Partial<OpenAiModelOptions> = {}, facts: Partial<ModelDescription> = {}) =>
  modelAt({ endpoints: [{ name: 'only', baseUrl: server.baseUrl, apiKey: undefined }], ...options }, facts)

/** Answers one after the other, and the last of them for ever. */
const inTurn =
  (...scripts: Script[]): Script =>
  (answer, request) =>
    (scripts.length > 1 ? scripts.shift() : scripts[0])?.(answer, request)

const bytes = (text: string) => Buffer.from(text)
const failureOf = (model: ReturnType<typeof modelOf>) =>
  ask(model, { needsText: true }).catch((error: unknown) => error)

describe('an answer of which nothing was heard', () => {
  const UNHEARD: readonly (readonly [string, Script])[] = [
    ['says that it failed', (answer) => answer.event({ error: { message: 'overloaded' } }).close()],
    ['is no JSON', (answer) => answer.bytes(bytes('data: {\n\n')).close()],
    ['is no stream at all', (answer) => answer.json({ choices: [{ message: { content: 'Hello' } }] })],
    [
      'ends for no known reason',
      (answer) => answer.event({ choices: [{ delta: {}, finish_reason: 'error' }] }).close(),
    ],
    ['ends well without a word', (answer) => answer.finish({ prompt_tokens: 7, completion_tokens: 0 })],
  ]

  it.each(UNHEARD)('is asked for twice more when its stream %s', async (_, script) => {
    server.answerWith(inTurn(script, script, (answer) => answer.say('At last.').finish()))
    expect(await ask(modelOf(), { needsText: true })).toMatchObject({ text: 'At last.' })
    expect(server.requests).toHaveLength(3)

    server.answerWith(script)
    expect(await failureOf(modelOf())).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' })
    expect(server.requests).toHaveLength(6)
  })

  it('is asked for twice more in all, whether by its stream or by its status it fails', async () => {
    server.answerWith(inTurn((answer) => answer.refuse(503, 'no'), ...UNHEARD.slice(0, 1).map(([, script]) => script)))
    expect(await failureOf(modelOf())).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' })
    expect(server.requests).toHaveLength(3)
  })

  it('is not asked for again once nobody wants it any more', async () => {
    const controller = new AbortController()
    const [reason, refused] = [new Error('Enough.'), Promise.withResolvers<void>()]
    server.answerWith((answer) => {
      answer.event({ error: { message: 'overloaded' } }).close()
      void answer.closed.then(refused.resolve)
    })
    const asked = ask(modelOf({ retryDelayMs: 600_000 }), {}, controller.signal)
    await refused.promise
    controller.abort(reason)
    await expect(asked).rejects.toBe(reason)
    expect(server.requests).toHaveLength(1)
  })

  it('is not asked for again when it was silent, or has no bounds', async () => {
    server.answerWith((answer) => void answer.bytes(bytes(': hello\n\n')))
    expect(await failureOf(modelOf({ idleTimeoutMs: 300 }))).toMatchObject({ code: 'PROVIDER_TIMEOUT' })
    server.answerWith((answer) => {
      for (let call = 0; call < 100; call += 1) answer.call('search')
    })
    expect(await failureOf(modelOf())).toMatchObject({ code: 'STREAM_INCOMPLETE' })
    expect(server.requests).toHaveLength(2)
  })

  it('is a whole one when it may be empty, or was cut at its longest; what it cost is known also of one that failed', async () => {
    const usage = { prompt_tokens: 7, completion_tokens: 3 }
    server.answerWith((answer) => answer.finish(usage))
    expect(await ask(modelOf())).toMatchObject({ text: '', finishReason: 'stop' })
    expect(await failureOf(modelOf())).toMatchObject({ usage: { inputTokens: 7, outputTokens: 3 } })
    server.answerWith((answer) => answer.finish(usage, 'length'))
    expect(await ask(modelOf(), { needsText: true })).toMatchObject({ text: '', finishReason: 'length' })
    expect(await ask(modelOf({}, { api: 'responses' }), { needsText: true })).toMatchObject({ finishReason: 'length' })
  })
})

describe('the log', () => {
  it.each<[string, Script, string]>([
    [
      'a page instead of a stream',
      (answer) => answer.bytes(bytes('<h1>\nBad\u001b[0m\tgateway</h1>')).close(),
      '<h1>\\nBad\\u001b[0m\\tgateway</h1>',
    ],
    ['an answer in one piece', (answer) => answer.json({ detail: 'not so' }), 'not so'],
    ['a list of what is wrong', (answer) => answer.json({ detail: [{ loc: ['model'], msg: 'missing' }] }), 'missing'],
    [
      'a failure in one piece',
      (answer) => answer.json([{ error: { message: 'overloaded', code: 503 } }]),
      'overloaded, 503',
    ],
    [
      'a failure in the stream',
      (answer) => answer.event({ error: { message: 'over\u0007loaded' } }).close(),
      'over\\u0007loaded',
    ],
    ['a failure in plain words', (answer) => answer.event({ error: 'overloaded' }).close(), 'overloaded'],
  ])('has the provider’s own words, as %s', async (_, script, words) => {
    server.answerWith(script)
    const failure = await failureOf(modelOf())
    expect(JSON.parse(JSON.stringify(describeError(failure))).cause.message).toContain(words)
    expect(describeError(failure).message).not.toContain(words)
  })

  const SPOKEN = { id: 'one', choices: [{ message: { content: 'A secret.' } }] }
  const quoted = (words: string) => `data: {"choices":[{"delta":{"content":"A secret.${words}`
  it.each<[string, Script, string]>([
    ['whose stream is no stream', (answer) => answer.json(SPOKEN), 'JSON with the fields id, choices'],
    ['in another form', (answer) => answer.json({ message: { content: 'A secret.' }, done: true }), 'message, done'],
    ['line by line', (answer) => answer.bytes(bytes(`${JSON.stringify(SPOKEN)}\n`.repeat(3))).close(), 'id, choices'],
    [
      'with a long answer in one piece',
      (answer) => answer.json({ ...SPOKEN, more: 'A secret.'.repeat(50_000) }),
      'JSON that is left out',
    ],
    ['in a text', (answer) => answer.json('A secret.'), 'JSON without fields'],
    ['in a broken list', (answer) => answer.bytes(bytes('["A secret.')).close(), 'JSON that is left out'],
    ['behind other words', (answer) => answer.bytes(bytes(`Oops ${JSON.stringify(SPOKEN)}`)).close(), 'Oops'],
    [
      'in an event that is cut',
      (answer) => answer.bytes(bytes(quoted(''))).close(),
      '42 characters: Unterminated string',
    ],
    [
      'in an event that is no JSON',
      (answer) => answer.bytes(bytes(`${quoted('" and"}}]}')}\n\n: ${'x'.repeat(9_000)}\n\n`)).close(),
      "52 characters: Expected ',' or '}' after property value in JSON at position 44",
    ],
    [
      'in an event of words',
      (answer) => answer.bytes(bytes('data: A secret.\n\n')).close(),
      '9 characters: Unexpected token',
    ],
    ['in a long broken event', (answer) => answer.bytes(bytes(`${quoted('x'.repeat(50_000))}\n\n`)).close(), 'no JSON'],
    [
      'behind which an event is broken',
      (answer) => answer.say('A secret.').bytes(bytes('data: [\n\n')).close(),
      '1 character: ',
    ],
    [
      'in a failure that repeats it',
      (answer) => answer.event({ error: { message: 'no call', failed_generation: 'A secret.' } }).close(),
      'no call',
    ],
    [
      'in a failure without words',
      (answer) => answer.event({ error: { failed: 'A secret.' } }).close(),
      'fields error',
    ],
  ])('has nothing of what the model said %s', async (_, script, words) => {
    server.answerWith(script)
    const told = JSON.stringify(describeError(await failureOf(modelOf())))
    expect(told).not.toContain('secret')
    expect(told).toContain(words)
  })

  it('has at most 500 characters of the provider’s words', async () => {
    const long = '👋'.repeat(2_000)
    for (const script of [
      (answer) => answer.json({ detail: long }),
      (answer) => answer.bytes(bytes(long)).close(),
      (answer) => answer.event({ error: { message: long } }).close(),
    ] satisfies Script[]) {
      server.answerWith(script)
      const told = describeError(await failureOf(modelOf())).cause
      expect(told?.message).toContain('👋')
      expect(told?.message.match(/👋/g)?.length).toBeLessThanOrEqual(500)
    }
  })
})
