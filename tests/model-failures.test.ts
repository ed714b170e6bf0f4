import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Reply, readReply, replyStream, watchReply } from './support/chat-streams.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { type Script, type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

/** The provider's own words: they may hold keys and prompts, and belong in the log alone. */
const PROVIDERS_WORDS = 'Incorrect API key provided: sk-test'
/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:9/v1'

let model: ScriptedModel
let graph: TestGraph
/** The same, but that gives up on a silent model at once; elsewhere a busy machine would be taken for one. */
let impatient: TestGraph
let ada: Person
/** Of the impatient graph. */
let eve: Person
beforeAll(async () => {
  model = await startScriptedModel()
  const environment = { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted' }
  graph = await startTestGraph({ environment })
  impatient = await startTestGraph({ environment: { ...environment, AI_IDLE_TIMEOUT_MS: '400' } })
  ada = await signUp(graph, 'ada')
  eve = await signUp(impatient, 'eve')
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await impatient[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})

async function ask(person: Person, script: Script): Promise<string> {
  model.answerWith(script)
  const { reply } = await sendMessage(person, await createConversation(person), 'Tell me')
  return reply?.id ?? ''
}

async function replyTo(script: Script, person = ada): Promise<Reply> {
  const id = await ask(person, script)
  const [ended] = (await watchReply(person, id)).slice(-1)
  const reply = await readReply(person, id)
  expect(ended?.message).toEqual(reply)
  return reply
}

/** Who asks where this is to come of it. */
const whoGets = (code: string) => (code === 'PROVIDER_TIMEOUT' ? eve : ada)

const data = (line: string) => Buffer.from(`data: ${line}\n\n`)

describe('a reply fails without a text', () => {
  it.each<[string, string, Script]>([
    ['PROVIDER_REJECTED', 'refuses the key', (answer) => answer.refuse(401, PROVIDERS_WORDS)],
    ['PROVIDER_REJECTED', 'refuses the request', (answer) => answer.refuse(400, PROVIDERS_WORDS)],
    ['PROVIDER_REJECTED', 'does not know the model', (answer) => answer.refuse(404, PROVIDERS_WORDS)],
    ['PROVIDER_RATE_LIMITED', 'is asked too often', (answer) => answer.refuse(429, PROVIDERS_WORDS)],
    ['PROVIDER_UNAVAILABLE', 'fails', (answer) => answer.refuse(500, PROVIDERS_WORDS)],
    ['PROVIDER_UNAVAILABLE', 'is overloaded', (answer) => answer.refuse(503, PROVIDERS_WORDS)],
    ['PROVIDER_UNAVAILABLE', 'hangs up at once', (answer) => answer.cut()],
    ['PROVIDER_UNAVAILABLE', 'is killed at once', (answer) => answer.reset()],
    ['PROVIDER_TIMEOUT', 'says nothing at all', () => undefined],
    [
      'PROVIDER_TIMEOUT',
      'begins to answer and says nothing',
      (answer) => void answer.bytes(Buffer.from(': hello\n\n')),
    ],
    ['PROVIDER_UNAVAILABLE', 'ends without a word', (answer) => answer.bytes(Buffer.from('\n')).close()],
    ['PROVIDER_UNAVAILABLE', 'says that it has finished, and nothing else', (answer) => answer.finish()],
    ['PROVIDER_UNAVAILABLE', 'never comes to the end of its thoughts', (answer) => answer.say('<think>Hm.').finish()],
    [
      'PROVIDER_UNAVAILABLE',
      'says that it failed',
      (answer) => answer.event({ error: { message: PROVIDERS_WORDS } }).close(),
    ],
  ])('with %s when the model %s', async (code, _, script) => {
    const { body, generation } = await replyTo(script, whoGets(code))

    expect(generation).toMatchObject({
      status: 'FAILED',
      attempt: 1,
      text: '',
      error: { code },
      finishedAt: expect.any(String),
    })
    expect(generation.error?.message).toMatch(/^[A-Z].+\.$/)
    expect(generation.error?.message).not.toContain('sk-test')
    expect(body).toBe('')
  })
})

describe('with several endpoints', () => {
  it('a reply is of the first that begins to answer, whoever made it', async () => {
    const environment = { OPENAI_BASE_URL: `${NOBODY},${model.baseUrlOf('ollama')}`, OPENAI_MODELS: 'scripted' }
    await using several = await startTestGraph({ environment })
    const person = await signUp(several)
    model.answerWith((answer) => answer.say('Here I am.').finish({ prompt_tokens: 1, completion_tokens: 1 }))
    const { reply } = await sendMessage(person, await createConversation(person), 'Anybody there?')
    await replyStream(person, reply?.id ?? '').completion()

    expect(await readReply(person, reply?.id ?? '')).toMatchObject({
      body: 'Here I am.',
      generation: { status: 'COMPLETED', attempt: 1, error: null, usage: { isEstimated: true } },
    })
  })
})

describe('a reply keeps the text so far and fails', () => {
  /** Goes on only when what was said is stored, so that it is text that breaks off and not a beginning. */
  const brokenOff =
    (how: Script): Script =>
    async (answer, request) => {
      answer.say('As far as ')
      answer.say('it came')
      await how(answer, request)
    }

  it.each<[string, string, Script]>([
    ['STREAM_INCOMPLETE', 'hangs up', (answer) => answer.cut()],
    ['STREAM_INCOMPLETE', 'stops without saying that it has finished', (answer) => answer.close()],
    ['STREAM_INCOMPLETE', 'says [DONE] without a reason', (answer) => answer.bytes(data('[DONE]')).close()],
    ['STREAM_INCOMPLETE', 'says something unreadable', (answer) => answer.bytes(data('{"choices": [')).close()],
    ['STREAM_INCOMPLETE', 'says JSON of another kind', (answer) => answer.event({ hello: 'world' }).close()],
    [
      'STREAM_INCOMPLETE',
      'says that it failed',
      (answer) => answer.event({ error: { message: PROVIDERS_WORDS } }).close(),
    ],
    ['PROVIDER_TIMEOUT', 'falls silent', () => undefined],
  ])('with %s when the model %s', async (code, _, how) => {
    const { body, generation } = await replyTo(brokenOff(how), whoGets(code))

    expect(generation).toMatchObject({ status: 'FAILED', attempt: 1, error: { code } })
    expect(generation.error?.message).not.toContain('sk-test')
    expect([body, generation.text]).toEqual(['As far as it came', 'As far as it came'])
    expect(generation.usage).toMatchObject({
      outputTokens: Math.ceil('As far as it came'.length / 4),
      isEstimated: true,
    })
  })

  it('and the model is let go of', async () => {
    const closed = Promise.withResolvers<void>()
    const id = await ask(eve, (answer) => {
      void answer.closed.then(closed.resolve)
      answer.say('As far as it came')
    })
    await watchReply(eve, id)
    await closed.promise
  })

  it('and the next question is answered as if nothing had happened', async () => {
    const conversationId = await createConversation(ada)
    model.answerWith(brokenOff((answer) => answer.cut()))
    const failed = await sendMessage(ada, conversationId, 'First')
    await watchReply(ada, failed.reply?.id ?? '')
    model.answerWith((answer) => answer.say('Now it works.').finish())
    const { reply } = await sendMessage(ada, conversationId, 'Second')
    await watchReply(ada, reply?.id ?? '')

    expect((await readReply(ada, reply?.id ?? '')).body).toBe('Now it works.')
    expect(model.requests.at(-1)?.messages.map(({ content }) => content)).toEqual([
      'First',
      'As far as it came',
      'Second',
    ])
  })
})

describe('a reply completes', () => {
  it('after a refusal that passes', async () => {
    let refusals = 0
    const { body, generation } = await replyTo((answer) => {
      refusals += 1
      if (refusals < 3) answer.refuse(refusals === 1 ? 429 : 503, PROVIDERS_WORDS)
      else answer.say('At last.').finish()
    })
    expect([body, generation.status, refusals]).toEqual(['At last.', 'COMPLETED', 3])
  })

  it.each<[string, string, Script]>([
    ['with a NUL replaced', 'a\ufffdb', (answer) => answer.say('a\0b').finish()],
    ['with half a pair replaced', 'a\ufffd', (answer) => answer.say('a').say('\ud83d').finish()],
    ['with a pair that came in halves', 'a👋b', (answer) => answer.say('a').say('\ud83d').say('\udc4bb').finish()],
    ['with 100 KB in one piece', '漢'.repeat(34_000), (answer) => answer.say('漢'.repeat(34_000)).finish()],
    [
      'at the longest that the model writes',
      'As far as it',
      (answer) => answer.say('As far as it').finish(undefined, 'length'),
    ],
    [
      'once, when the connection breaks after its end',
      'Whole',
      (answer) =>
        answer
          .say('Whole')
          .event({ choices: [{ delta: {}, finish_reason: 'stop' }] })
          .cut(),
    ],
    [
      'after choices without text',
      'x',
      (answer) =>
        answer
          .event({ choices: [] })
          .event({ choices: [{ delta: { role: 'assistant', content: null } }] })
          .say('x')
          .finish(),
    ],
  ])('%s', async (_, text, script) => {
    const { body, generation } = await replyTo(script)

    expect(generation).toMatchObject({ status: 'COMPLETED', error: null })
    expect(body).toBe(text)
    expect(generation.text).toBe(text)
  })

  it('when characters of several bytes come byte by byte', async () => {
    const text = 'Grüße 👩‍💻 漢字'
    const { body } = await replyTo(async (answer) => {
      const chunk = { choices: [{ delta: { content: text }, finish_reason: null }] }
      for (const byte of data(JSON.stringify(chunk))) {
        answer.bytes(Buffer.of(byte))
        await new Promise(setImmediate)
      }
      answer.finish()
    })
    expect(body).toBe(text)
  })
})
