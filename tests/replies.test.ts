import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  conversationEvents,
  isEnded,
  readReply,
  replyStream,
  textOf,
  untilText,
  watchReply,
} from './support/chat-streams.ts'
import { createConversation, type NewConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { type Script, type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

let model: ScriptedModel
let graph: TestGraph
let ada: Person
beforeAll(async () => {
  model = await startScriptedModel()
  const environment = { OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: 'sk-test', OPENAI_MODELS: 'first,second' }
  graph = await startTestGraph({ environment })
  ada = await signUp(graph, 'ada')
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})
beforeEach(() => model.answerWith((answer) => answer.say('Hello.').finish()))

async function ask(body = 'Tell me', conversation: NewConversation = { kind: 'ASSISTANT' }): Promise<string> {
  const { reply } = await sendMessage(ada, await createConversation(ada, conversation), body)
  return reply?.id ?? ''
}

/** A model that says these pieces at once, and the last one only when the test lets it. */
function pausing(...pieces: string[]): { script: Script; goOn: () => void } {
  const gate = Promise.withResolvers<void>()
  const last = pieces.pop() ?? ''
  const script: Script = async (answer) => {
    for (const piece of pieces) answer.say(piece)
    await gate.promise
    answer.say(last).finish()
  }
  return { script, goOn: gate.resolve }
}

describe('a reply', () => {
  it('is one and the same text wherever it is read, whatever pieces the model says it in', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('👩‍💻', '\ud83d', '\udc4b', 'é'),
    )
    // Without anything to see it would be no answer.
    const said = fc
      .tuple(fc.array(piece, { maxLength: 11 }), fc.constantFrom('.', '.\ud83d'))
      .map(([pieces, last]) => [...pieces, last])
    await fc.assert(
      fc.asyncProperty(said, async (pieces) => {
        model.answerWith((answer) => {
          for (const piece of pieces) answer.say(piece)
          answer.finish({ prompt_tokens: 7, completion_tokens: 5 })
        })
        const conversationId = await createConversation(ada)
        const events = conversationEvents(ada, conversationId)
        // It is live from CaughtUp on.
        await events.next()
        const { reply } = await sendMessage(ada, conversationId, 'Tell me')
        const steps = await watchReply(ada, reply?.id ?? '')
        const told = await events.take(({ __typename }) => __typename === 'ReplyFinished')

        const text = pieces.join('').replaceAll('\0', '\ufffd').toWellFormed()
        const ended = steps.at(-1)
        expect(ended).toMatchObject({
          status: 'COMPLETED',
          attempt: 1,
          length: text.length,
          sha256: createHash('sha256').update(text, 'utf8').digest('hex'),
          message: { body: text, generation: { text, status: 'COMPLETED', error: null } },
        })
        expect([textOf(steps), textOf(told), told.at(-1)?.message?.body]).toEqual([text, text, text])
        expect(ended?.message?.generation.usage).toEqual({
          inputTokens: 7,
          outputTokens: 5,
          totalTokens: 12,
          isEstimated: false,
        })
        events.unsubscribe()
      }),
      { numRuns: 15 },
    )
  })

  it('can be read while it is still being written', async () => {
    const { script, goOn } = pausing('So far', '.')
    model.answerWith(script)
    const id = await ask()
    const stream = replyStream(ada, id)
    expect(await stream.next()).toEqual({ __typename: 'ReplyText', attempt: 1, offset: 0, text: 'So far' })

    const { body, generation } = await readReply(ada, id)
    expect([body, generation.text, generation.status, generation.attempt]).toEqual(['So far', 'So far', 'RUNNING', 1])
    expect([generation.firstTokenAt, generation.finishedAt]).toEqual([expect.any(String), null])
    goOn()
    await stream.take(isEnded)
    expect((await readReply(ada, id)).generation).toMatchObject({ status: 'COMPLETED', finishedAt: expect.any(String) })
  })

  it('is estimated, at a token for four bytes of a word and for each sign, when the model does not count', async () => {
    const usageOf = async (question: string) =>
      (await watchReply(ada, await ask(question))).at(-1)?.message?.generation.usage
    const [short, long] = [await usageOf('eightish'), await usageOf('sixteencharacter')]

    expect([short, long]).toMatchObject(Array(2).fill({ outputTokens: 3, isEstimated: true }))
    expect((long?.inputTokens ?? 0) - (short?.inputTokens ?? 0)).toBe(2)
    expect(short?.totalTokens).toBe((short?.inputTokens ?? 0) + 3)
  })
})

describe('who follows a reply', () => {
  it('gets, joining late, the text so far at offset 0 and then the rest', async () => {
    const { script, goOn } = pausing('One, ', 'two, ', 'three')
    model.answerWith(script)
    const id = await ask()
    await untilText(replyStream(ada, id), 'One, two, ')

    const late = replyStream(ada, id)
    expect(await late.next()).toEqual({ __typename: 'ReplyText', attempt: 1, offset: 0, text: 'One, two, ' })
    goOn()
    const rest = await late.take(isEnded)
    expect(rest).toMatchObject([
      { offset: 10, text: 'three' },
      { __typename: 'ReplyEnded', length: 15 },
    ])
  })

  it('gets, coming back with any position, exactly the rest: of a growing reply and of a finished one', async () => {
    const whole = 'Once 👩‍💻 upon a time.'
    const { script, goOn } = pausing('Once ', '👩‍💻 upon', ' a time.')
    model.answerWith(script)
    const id = await ask()
    await untilText(replyStream(ada, id), 'Once 👩‍💻 upon')
    const offsets = Array.from({ length: 16 }, (_, offset) => offset)
    const growing = offsets.map((offset) => replyStream(ada, id, { attempt: 1, offset }))
    // Each is there before the reply goes on: what it lacks has come, or there was nothing to come.
    await Promise.all(
      growing
        .slice(0, -1)
        .map((stream) => stream.nextFrame().then(({ data }) => data))
        .map(async (first, offset) => {
          expect(await first).toEqual({
            __typename: 'ReplyText',
            attempt: 1,
            offset,
            text: 'Once 👩‍💻 upon'.slice(offset),
          })
        }),
    )
    goOn()
    for (const stream of growing) {
      expect((await stream.take(isEnded)).map(({ text, length }) => text ?? length)).toEqual([' a time.', whole.length])
    }
    for (let offset = 0; offset <= whole.length; offset += 1) {
      const events = await replyStream(ada, id, { attempt: 1, offset }).take(isEnded)
      const text = whole.slice(offset)
      expect(events).toMatchObject([
        ...(text === '' ? [] : [{ __typename: 'ReplyText', attempt: 1, offset, text }]),
        { __typename: 'ReplyEnded', length: whole.length },
      ])
    }
  })

  it('gets the whole text and the end of a reply that has ended, and then the stream completes', async () => {
    const id = await ask()
    await watchReply(ada, id)

    const stream = replyStream(ada, id)
    expect((await stream.take(isEnded)).map(({ text, status }) => text ?? status)).toEqual(['Hello.', 'COMPLETED'])
    await stream.completion()
  })

  it.each([
    ['a negative attempt', { attempt: -1, offset: 0 }],
    ['a negative offset', { attempt: 1, offset: -1 }],
  ])('is refused for %s', async (_, after) => {
    expect(await replyStream(ada, await ask(), after).failureCodes()).toEqual(['BAD_USER_INPUT'])
  })

  it('is refused for a person’s message', async () => {
    const { message } = await sendMessage(ada, await createConversation(ada), 'Hello')
    expect(await replyStream(ada, message.id).failureCodes()).toEqual(['BAD_USER_INPUT'])
  })
})

describe('what the model is asked', () => {
  const lastRequest = () => model.requests.at(-1)

  it('are the settings of the conversation, under the key of the configuration', async () => {
    const assistant = { model: 'second', systemPrompt: 'Be brief.', temperature: 0.5, maxOutputTokens: 99 }
    await watchReply(ada, await ask('Hello', { kind: 'ASSISTANT', assistant }))

    expect(lastRequest()).toMatchObject({
      authorization: 'Bearer sk-test',
      model: 'second',
      temperature: 0.5,
      max_tokens: 99,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
    })
  })

  it('is, without settings, the default model with settings of its own', async () => {
    await watchReply(ada, await ask('Hello'))

    expect(lastRequest()).toMatchObject({ model: 'first', messages: [{ role: 'user', content: 'Hello' }] })
    expect(lastRequest()).not.toHaveProperty('temperature')
    for (const limit of ['max_tokens', 'max_completion_tokens']) expect(lastRequest()).not.toHaveProperty(limit)
  })

  it('holds everything that was said before, in order', async () => {
    const conversationId = await createConversation(ada)
    for (const body of ['One', 'Two', 'Three']) {
      const { reply } = await sendMessage(ada, conversationId, body)
      await watchReply(ada, reply?.id ?? '')
    }

    expect(lastRequest()?.messages).toEqual([
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'Two' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'Three' },
    ])
  })

  it('in a group is what all have said, and who, once somebody names the assistant', async () => {
    const grace = await signUp(graph, 'grace')
    const conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
    const asked = model.requests.length
    expect((await sendMessage(grace, conversationId, 'Write to me@assistant.org')).reply).toBeNull()
    expect((await sendMessage(ada, conversationId, 'The assistants are late')).reply).toBeNull()
    const { reply } = await sendMessage(ada, conversationId, 'What do you say, @Assistant?')
    await watchReply(grace, reply?.id ?? '')

    expect(model.requests.slice(asked)).toHaveLength(1)
    expect(lastRequest()?.messages).toEqual([
      { role: 'system', content: expect.stringContaining('several people') },
      { role: 'user', content: expect.stringMatching(/^These people have written: "grace \(@grace-\w+\)", "ada /) },
      { role: 'user', content: 'grace: Write to me@assistant.org' },
      { role: 'user', content: 'ada: The assistants are late' },
      { role: 'user', content: 'ada: What do you say, @Assistant?' },
    ])
  })
})
