import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Reply, readReply, watchReply } from './support/chat-streams.ts'
import { GraphClient } from './support/graph-client.ts'
import { mutationDocument } from './support/mutations.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { type Script, type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const DAILY_TOKENS = 1_000
const USAGE = `query Usage($from: DateTime, $to: DateTime) {
  usage(from: $from, to: $to) {
    inputTokens outputTokens totalTokens replies days { date model inputTokens outputTokens replies }
  }
}`

let model: ScriptedModel
let graph: TestGraph
let ada: Person
beforeAll(async () => {
  model = await startScriptedModel()
  graph = await startTestGraph({
    environment: {
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODELS: 'first,second',
      AI_DAILY_TOKENS_PER_USER: `${DAILY_TOKENS}`,
      AI_CONCURRENT_REPLIES_PER_USER: '2',
      AI_MODERATION_URL: model.baseUrl,
    },
  })
})
afterAll(async () => {
  await graph?.[Symbol.asyncDispose]()
  await model?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  ada = await signUp(graph, 'ada')
  model.answerWith((answer) => answer.say('Hello.').finish({ prompt_tokens: 30, completion_tokens: 12 }))
  model.judgeWith(() => false)
})

/** A conversation that has a title, so that the assistant has nothing to do beside its replies. */
const talk = (assistant?: { model?: string; maxOutputTokens?: number }) =>
  createConversation(ada, { kind: 'ASSISTANT', title: 'Arithmetic', ...(assistant && { assistant }) })

async function ask(body = 'Why?', conversationId?: string): Promise<string> {
  const { reply } = await sendMessage(ada, conversationId ?? (await talk()), body)
  return reply?.id ?? ''
}

/** The reply to a question, when it has ended. */
async function answerTo(body = 'Why?', conversationId?: string): Promise<Reply> {
  const id = await ask(body, conversationId)
  await watchReply(ada, id)
  return readReply(ada, id)
}

async function usageOf({ client }: Person, period = {}) {
  const { usage } = await client.run<{ usage: Record<string, unknown> & { days: { date: string }[] } }>(USAGE, period)
  return usage
}

const sums = (inputTokens: number, outputTokens: number, replies: number) => ({
  ...{ inputTokens, outputTokens, replies },
  totalTokens: inputTokens + outputTokens,
})

describe('usage', () => {
  it('is what the models say, by day and model, for who asked and nobody else', async () => {
    const bob = await signUp(graph, 'bob')
    await answerTo()
    await answerTo('And then?', await talk({ model: 'second' }))
    await answerTo()

    const usage = await usageOf(ada)
    const date = expect.stringMatching(/^\d{4}-\d\d-\d\d$/)
    expect(usage).toEqual({
      ...sums(90, 36, 3),
      days: [
        { date, model: 'first', inputTokens: 60, outputTokens: 24, replies: 2 },
        { date, model: 'second', inputTokens: 30, outputTokens: 12, replies: 1 },
      ],
    })
    expect(await usageOf(bob)).toEqual({ ...sums(0, 0, 0), days: [] })
    expect(await usageOf(ada, { to: '2026-01-31T00:00:00Z' })).toEqual({ ...sums(0, 0, 0), days: [] })
  })

  it('stays when the conversation is deleted', async () => {
    const conversationId = await talk()
    await answerTo('Why?', conversationId)
    await ada.client.run(mutationDocument('deleteConversation', 'deletedConversationId'), { input: { conversationId } })
    expect(await usageOf(ada)).toMatchObject(sums(30, 12, 1))
  })

  it('is told to nobody who is not signed in, and for no more than 366 days', async () => {
    expect(await new GraphClient(graph.url).codesOf('{ usage { replies } }')).toEqual(['UNAUTHENTICATED'])
    for (const period of ['from: "2026-02-01T00:00:00Z", to: "2026-01-31T00:00:00Z"', 'from: "2020-01-01T00:00:00Z"']) {
      expect(await ada.client.codesOf(`{ usage(${period}) { replies } }`)).toEqual(['BAD_USER_INPUT'])
    }
  })
})

describe('somebody who has used up their tokens of the day', () => {
  beforeEach(async () => {
    model.answerWith((answer) => answer.say('Long.').finish({ prompt_tokens: 500, completion_tokens: 490 }))
    await answerTo()
  })

  it('is answered no more: the message is stored, and its reply FAILED, without the model being asked', async () => {
    const asked = model.requests.length
    const { body, generation } = await answerTo('One more?')

    expect([body, generation.status, generation.error?.code]).toEqual(['', 'FAILED', 'QUOTA_EXCEEDED'])
    expect(generation.error?.message).toMatch(/^[A-Z].+\.$/)
    expect(model.requests.length).toBe(asked)
    expect(await usageOf(ada)).toMatchObject({ totalTokens: 990 })
  })

  it('does not stand in anybody else’s way', async () => {
    const bob = await signUp(graph, 'bob')
    const { reply } = await sendMessage(bob, await createConversation(bob, { kind: 'ASSISTANT', title: 'x' }), 'Why?')
    await watchReply(bob, reply?.id ?? '')
    expect((await readReply(bob, reply?.id ?? '')).generation.status).toBe('COMPLETED')
  })
})

describe('a reply', () => {
  /** What the model was told in the last request. */
  function longestAnswer(): number {
    const { max_completion_tokens, max_tokens } = model.requests.at(-1) ?? {}
    return max_completion_tokens ?? max_tokens ?? 0
  }

  it('may become as long as its asker’s day allows', async () => {
    await answerTo()
    const first = longestAnswer()
    await answerTo()
    const second = longestAnswer()
    await answerTo('Why?', await talk({ maxOutputTokens: 20 }))

    expect(first).toBeLessThan(DAILY_TOKENS)
    expect(first).toBeGreaterThan(DAILY_TOKENS - 50)
    expect(second).toBe(first - 42)
    expect(longestAnswer()).toBe(20)
  })

  it('is one of so many that somebody may have under way; ending one makes room', async () => {
    const script: Script = (answer) => void answer.say('Twelve bytes')
    model.answerWith(script)
    const conversationId = await talk({ maxOutputTokens: 100 })
    const [first] = [await ask('One', conversationId), await ask('Two', conversationId)]
    const refused = await answerTo('Three', conversationId)
    expect([refused.generation.status, refused.generation.error?.code]).toEqual(['FAILED', 'QUOTA_EXCEEDED'])
    expect(refused.generation.usage).toMatchObject({ inputTokens: 0, outputTokens: 0, isEstimated: false })

    await expect.poll(async () => (await readReply(ada, first)).generation.text).toBe('Twelve bytes')
    await ada.client.run(mutationDocument('cancelReply', 'userErrors { code }'), { input: { messageId: first } })
    const { generation } = await readReply(ada, first)
    expect(generation.usage).toMatchObject({ outputTokens: 3, isEstimated: true })
    expect(await usageOf(ada)).toMatchObject({ outputTokens: 3, replies: 2 })
    model.answerWith((answer) => answer.say('Room.').finish())
    expect((await answerTo('Four', conversationId)).body).toBe('Room.')
  })
})

describe('moderation', () => {
  const REFUSED = { status: 'FAILED', error: { code: 'MODERATION_REFUSED' } }

  it('keeps a question from the model', async () => {
    const asked = model.requests.length
    model.judgeWith((text) => text.includes('bomb'))
    const { body, generation } = await answerTo('How is a bomb made?')

    expect(generation).toMatchObject(REFUSED)
    expect([body, model.requests.length]).toEqual(['', asked])
    expect(await usageOf(ada)).toMatchObject(sums(0, 0, 1))
    expect((await answerTo('How is bread made?')).body).toBe('Hello.')
  })

  it('takes a written answer back, from those who have read some of it too', async () => {
    model.judgeWith((text) => text.includes('ammonium'))
    model.answerWith((answer) => answer.say('Take some ammonium').finish({ prompt_tokens: 30, completion_tokens: 12 }))
    const id = await ask()
    const events = await watchReply(ada, id)
    const { body, generation } = await readReply(ada, id)

    expect(generation).toMatchObject({ ...REFUSED, text: '' })
    expect(body).toBe('')
    expect(events.at(-1)).toMatchObject({ __typename: 'ReplyEnded', status: 'FAILED', length: 0 })
    expect(await usageOf(ada)).toMatchObject(sums(30, 12, 1))
  })

  it('lets nothing through while nobody judges', async () => {
    model.judgeWith((_, answer) => void answer.refuse(500, 'down'))
    const { body, generation } = await answerTo()
    expect([body, generation.error?.code]).toEqual(['', 'PROVIDER_UNAVAILABLE'])
  })
})
