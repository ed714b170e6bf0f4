import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import {
  conversationEvents,
  isEnded,
  type ReplyEvent,
  readReply,
  replyStream,
  textOf,
  untilText,
  watchReply,
} from './support/chat-streams.ts'
import { type ChatMutation, mutationDocument } from './support/mutations.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import type { ModelAnswer } from './support/scripted-answer.ts'
import { type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

let model: ScriptedModel
let graph: TestGraph
let ada: Person
beforeAll(async () => {
  model = await startScriptedModel()
  const environment = { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'first,second' }
  graph = await startTestGraph({ environment })
  ada = await signUp(graph, 'ada')
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})
beforeEach(() => model.answerWith((answer) => answer.say('Hello.').finish()))

interface Answer {
  readonly message: {
    readonly body: string
    readonly generation: { readonly status: string; readonly attempt: number }
    readonly versions: readonly Version[]
  } | null
  readonly userErrors: readonly { readonly code: string }[]
}

interface Version {
  readonly id: string
  readonly body: string
  readonly isSelected: boolean
  readonly generation: { readonly model: string; readonly status: string }
}

const SEEN = `message { body generation { status attempt } versions { id body isSelected generation { model status } } }
  userErrors { code }`

async function change(mutation: ChatMutation, messageId: string, more: object = {}): Promise<Answer> {
  const variables = { input: { messageId, ...more } }
  return (await ada.client.run<{ answer: Answer }>(mutationDocument(mutation, SEEN), variables)).answer
}

/** A reply that its model has begun and does not go on with, with who follows it and the model's answer. */
async function begun(text: string) {
  const asked = Promise.withResolvers<ModelAnswer>()
  model.answerWith((answer) => asked.resolve(answer.say(text)))
  const conversationId = await createConversation(ada)
  const { message, reply } = await sendMessage(ada, conversationId, 'Tell me')
  const stream = replyStream(ada, reply?.id ?? '')
  await untilText(stream, text)
  return { conversationId, questionId: message.id, id: reply?.id ?? '', stream, answer: await asked.promise }
}

/** The event that has put this on somebody's screen. */
const seen = (text: string): ReplyEvent => ({ __typename: 'ReplyText', attempt: 1, offset: 0, text })

const endOf = (status: string, text: string) => ({
  __typename: 'ReplyEnded',
  status,
  length: text.length,
  sha256: createHash('sha256').update(text, 'utf8').digest('hex'),
  message: { body: text, generation: { status, text } },
})

describe('a reply that is cancelled', () => {
  it('ends once and at once, by however many tabs: its text stays, and the model is let go of', async () => {
    const { conversationId, id, stream, answer } = await begun('So 👩‍💻 far')
    const events = conversationEvents(ada, conversationId, { includeReplyText: false })
    await events.take(({ __typename }) => __typename === 'CaughtUp')
    const closed = answer.closed.then(() => Date.now())
    const answers = await Promise.all(Array.from({ length: 5 }, () => change('cancelReply', id)))
    const cancelledAt = Date.now()

    for (const { message, userErrors } of answers) {
      expect(userErrors).toEqual([])
      expect(message).toMatchObject({ body: 'So 👩‍💻 far', generation: { status: 'CANCELLED', attempt: 1 } })
    }
    expect((await stream.take(isEnded)).at(-1)).toMatchObject(endOf('CANCELLED', 'So 👩‍💻 far'))
    await stream.completion()
    // Whom the bus does not tell sees it with the next renewal of the lease.
    expect((await closed) - cancelledAt).toBeLessThan(inject('hostileBus') ? 2_000 : 1_000)
    const { reply } = await sendMessage(ada, conversationId, 'And now?')
    const told = await events.take(
      ({ __typename, message }) => __typename === 'ReplyStarted' && message?.id === reply?.id,
    )
    expect(told.filter(({ __typename, message }) => __typename === 'ReplyFinished' && message?.id === id)).toHaveLength(
      1,
    )
    expect((await readReply(ada, id)).generation).toMatchObject({
      finishedAt: expect.any(String),
      usage: { isEstimated: true },
      error: null,
    })
    await change('cancelReply', reply?.id ?? '')
  })

  it('goes on, when it is wanted, behind the text that everybody has', async () => {
    const { conversationId, id, stream } = await begun('So far')
    await change('cancelReply', id)
    await stream.take(isEnded)
    const events = conversationEvents(ada, conversationId)
    await events.take(({ __typename }) => __typename === 'CaughtUp')
    model.answerWith((answer) => answer.say(', and ').say('no further.').finish())
    const whole = 'So far, and no further.'
    expect((await change('continueReply', id)).message).toMatchObject({ versions: [{ isSelected: true }] })

    const steps = await replyStream(ada, id, { attempt: 1, offset: 6 }).take(isEnded)
    expect(steps.filter(({ __typename }) => __typename === 'ReplyRestarted')).toEqual([
      { __typename: 'ReplyRestarted', attempt: 2, keepOffset: 6 },
    ])
    expect(textOf([seen('So far'), ...steps])).toBe(whole)
    expect(steps.at(-1)).toMatchObject({ attempt: 2, ...endOf('COMPLETED', whole) })
    const told = await events.take(({ __typename }) => __typename === 'ReplyFinished')
    expect(told.filter(({ __typename }) => __typename === 'ReplyStarted')).toHaveLength(1)
    expect([textOf(told), told.at(-1)?.message?.body]).toEqual([whole, whole])
    expect(model.requests.at(-1)?.messages).toContainEqual({ role: 'assistant', content: 'So far' })
    expect((await change('continueReply', id)).userErrors).toMatchObject([{ code: 'BAD_USER_INPUT' }])
  })
})

describe('a reply that is asked for anew', () => {
  it('is followed on by who follows it, and shows any of its versions afterwards', async () => {
    const { id, answer, stream } = await begun('First')
    answer.finish()
    expect((await stream.take(isEnded)).at(-1)).toMatchObject(endOf('COMPLETED', 'First'))
    model.answerWith((anew) => anew.say('Second').finish())
    await change('regenerateReply', id, { model: 'second' })
    const steps = await replyStream(ada, id, { attempt: 1, offset: 5 }).take(isEnded)

    expect(steps[0]).toMatchObject({ __typename: 'ReplyRestarted', keepOffset: 0 })
    expect(textOf([seen('First'), ...steps])).toBe('Second')
    expect(steps.at(-1)).toMatchObject({ attempt: 2, ...endOf('COMPLETED', 'Second') })
    expect(model.requests.at(-1)).toMatchObject({ model: 'second', messages: [{ role: 'user', content: 'Tell me' }] })
    const versionId = (await versionsOf(id))[0]?.id
    const { message } = await change('selectReplyVersion', id, { versionId })
    expect(message).toMatchObject({
      body: 'First',
      versions: [
        { body: 'First', isSelected: true, generation: { model: 'first' } },
        { body: 'Second', isSelected: false, generation: { model: 'second' } },
      ],
    })
    expect((await watchReply(ada, id)).at(-1)).toMatchObject(endOf('COMPLETED', 'First'))
  })

  it('is told to who follows the conversation, with each choice', async () => {
    const conversationId = await createConversation(ada)
    const { reply } = await sendMessage(ada, conversationId, 'Tell me')
    const id = reply?.id ?? ''
    await watchReply(ada, id)
    const events = conversationEvents(ada, conversationId, { includeReplyText: false })
    await events.take(({ __typename }) => __typename === 'CaughtUp')
    await change('regenerateReply', id)
    const anew = await events.take(({ __typename }) => __typename === 'ReplyFinished')
    const about = anew.filter(({ message }) => message?.id === id).map(({ __typename }) => __typename)
    expect(about).toEqual(['MessageEdited', 'ReplyStarted', 'ReplyFinished'])

    await change('selectReplyVersion', id, { versionId: (await versionsOf(id))[0]?.id })
    const chosen = await events.take(({ __typename }) => __typename === 'MessageEdited')
    expect(chosen.at(-1)?.message).toMatchObject({ id, body: 'Hello.' })
  })

  it('answers what the question says by then, when it is changed for that', async () => {
    const { id, questionId, answer, stream } = await begun('First')
    answer.finish()
    await stream.take(isEnded)
    model.answerWith((anew) => anew.say('Second').finish())
    await change('editMessage', questionId, { body: 'Tell me more', regenerate: true })
    await expect.poll(async () => (await readReply(ada, id)).body).toBe('Second')

    expect(model.requests.at(-1)?.messages).toEqual([{ role: 'user', content: 'Tell me more' }])
    expect((await versionsOf(id)).map(({ body, isSelected }) => [body, isSelected])).toEqual([
      ['First', false],
      ['Second', true],
    ])
  })
})

it('a deleted reply leaves nothing of any version', async () => {
  const { id, answer, stream } = await begun('First')
  expect((await change('deleteMessage', id)).userErrors).toMatchObject([{ code: 'REPLY_RUNNING' }])
  answer.finish()
  await stream.take(isEnded)
  model.answerWith((anew) => anew.say('Second').finish())
  await change('regenerateReply', id)
  await watchReply(ada, id)
  const { message } = await change('deleteMessage', id)

  expect(message).toMatchObject({ body: '', versions: [] })
  expect(await readReply(ada, id)).toMatchObject({ body: '', generation: { text: '' } })
})

async function versionsOf(id: string): Promise<readonly Version[]> {
  const { message } = await ada.client.run<{ message: NonNullable<Answer['message']> }>(
    'query Versions($id: ID!) { message(id: $id) { versions { id body isSelected generation { model status } } } }',
    { id },
  )
  return message.versions
}
