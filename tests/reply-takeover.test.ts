import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LocalOverrides } from '../local/graph.ts'
import { MemoryEventBus } from '../platform/event-bus/memory-event-bus.ts'
import { newTemporaryFolder, removeFolder } from '../platform/testing/temporary-folder.ts'
import { conversationEvents, isEnded, type ReplyEvent, readReply, replyStream, textOf } from './support/chat-streams.ts'
import { GraphClient } from './support/graph-client.ts'
import { heldReplies, letLeasesRunOut } from './support/leases.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { inTurn, type Script, type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

let database: TestDatabase
let model: ScriptedModel
let folder: string
beforeAll(async () => {
  database = await createTestDatabase()
  model = await startScriptedModel()
  folder = await newTemporaryFolder()
  await writeFile(modelsFile(), JSON.stringify({ continuing: { canContinue: true } }))
})
afterAll(async () => {
  await removeFolder(folder)
  await model[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

/** Where it stands what the models are. */
const modelsFile = () => join(folder, 'models.json')

const startGraph = (overrides: LocalOverrides = {}) =>
  startTestGraph({
    databaseUrl: database.url,
    environment: {
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODELS: 'scripted,continuing',
      AI_MODELS_FILE: modelsFile(),
    },
    overrides,
  })

const bus = new MemoryEventBus()

/**
 * To the other workers the one that writes now is as good as dead, while it goes on: a zombie. It also goes on renewing its
 * lease, and may do so before anybody looks; so the lease runs out until the reply was taken over or ended.
 */
async function giveUpOnWriters(): Promise<void> {
  const held = await heldReplies(database.url)
  const letRunOut = async () => {
    const count = await letLeasesRunOut(database.url, held)
    bus.publish('reply-queued', null)
    return count
  }
  await expect.poll(letRunOut, { interval: 100, timeout: 25_000 }).toBe(0)
}

/** Asks in this conversation, or in a new one, and returns the reply's id. */
async function ask(person: Person, conversationId?: string): Promise<string> {
  const { reply } = await sendMessage(person, conversationId ?? (await createConversation(person)), 'Tell me')
  return reply?.id ?? ''
}

/** Asks the model that goes on with what another worker has left, and returns the reply's id. */
async function askContinuing(person: Person): Promise<string> {
  return ask(person, await createConversation(person, { kind: 'ASSISTANT', assistant: { model: 'continuing' } }))
}

/** What the model was given last of all. */
const lastGiven = () => model.requests.at(-1)?.messages.at(-1)

const hasText = (text: string) => (event: { text?: string }) => event.text === text

describe('a reply whose worker is taken for dead', () => {
  let graph: TestGraph
  let ada: Person
  beforeAll(async () => {
    graph = await startGraph({ bus })
    ada = await signUp(graph, 'ada')
  })
  afterAll(() => graph[Symbol.asyncDispose]())
  afterEach(() => model.answerWith((answer) => answer.say('Hello.').finish()))

  it('is begun again by the next, and watchers see it begin again', async () => {
    model.answerWith(
      inTurn(
        (answer) => void answer.say('Half a sen'),
        (answer) => answer.say('A whole sentence.').finish(),
      ),
    )
    const conversationId = await createConversation(ada)
    const events = conversationEvents(ada, conversationId)
    await events.next()
    const replyId = await ask(ada, conversationId)
    const stream = replyStream(ada, replyId)
    const seen = await stream.take(hasText('Half a sen'))
    const told = await events.take(hasText('Half a sen'))
    await giveUpOnWriters()

    seen.push(...(await stream.take(isEnded)))
    expect(seen).toMatchObject([
      { __typename: 'ReplyText', attempt: 1, offset: 0, text: 'Half a sen' },
      { __typename: 'ReplyRestarted', attempt: 2, keepOffset: 0 },
      { __typename: 'ReplyText', attempt: 2, offset: 0, text: 'A whole sentence.' },
      { __typename: 'ReplyEnded', attempt: 2, status: 'COMPLETED', length: 17 },
    ])
    told.push(...(await events.take(({ __typename }) => __typename === 'ReplyFinished')))
    expect(textOf(told)).toBe('A whole sentence.')
    expect(told.filter(({ __typename }) => __typename === 'ReplyStarted')).toHaveLength(1)
    expect((await readReply(ada, replyId)).body).toBe('A whole sentence.')
  })

  it('is gone on with by a model that can, and watchers keep all they have', async () => {
    model.answerWith(
      inTurn(
        (answer) => void answer.say('Half a sen'),
        (answer) => answer.say('tence, and the other half.').finish(),
      ),
    )
    const replyId = await askContinuing(ada)
    const stream = replyStream(ada, replyId)
    await stream.take(hasText('Half a sen'))
    await giveUpOnWriters()

    expect(await stream.take(isEnded)).toMatchObject([
      { __typename: 'ReplyRestarted', attempt: 2, keepOffset: 10 },
      { __typename: 'ReplyText', attempt: 2, offset: 10, text: 'tence, and the other half.' },
      { __typename: 'ReplyEnded', attempt: 2, status: 'COMPLETED', length: 36 },
    ])
    expect((await readReply(ada, replyId)).body).toBe('Half a sentence, and the other half.')
    expect(lastGiven()).toMatchObject({ role: 'assistant', content: 'Half a sen' })
    const late = replyStream(ada, replyId, { attempt: 1, offset: 10 })
    expect(await late.next()).toEqual({ __typename: 'ReplyRestarted', attempt: 2, keepOffset: 10 })
  })

  it('takes not a word more from the worker that was only slow', async () => {
    const zombie = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<void>()
    const successor = Promise.withResolvers<void>()
    model.answerWith(
      inTurn(
        async (answer) => {
          void answer.closed.then(letGo.resolve)
          answer.say('Zombie: ')
          await zombie.promise
          answer.say('brains')
        },
        async (answer) => {
          answer.say('Successor: ')
          await successor.promise
          answer.say('done').finish()
        },
      ),
    )
    const replyId = await ask(ada)
    const stream = replyStream(ada, replyId)
    await stream.take(hasText('Zombie: '))
    await giveUpOnWriters()
    await stream.take(hasText('Successor: '))
    zombie.resolve()
    // Refused its words, the zombie lets go of its model.
    await letGo.promise
    successor.resolve()
    await stream.take(isEnded)

    const { body, generation } = await readReply(ada, replyId)
    expect([body, generation.attempt, generation.status]).toEqual(['Successor: done', 2, 'COMPLETED'])
  })

  it('three times fails with WORKER_LOST and keeps what the third wrote', async () => {
    const parts = ['one', 'two', 'three']
    model.answerWith(
      inTurn(
        ...parts.map(
          (part): Script =>
            (answer) =>
              void answer.say(part),
        ),
      ),
    )
    const replyId = await ask(ada)
    const stream = replyStream(ada, replyId)
    const seen: ReplyEvent[] = []
    for (const part of parts) {
      seen.push(...(await stream.take(hasText(part))))
      await giveUpOnWriters()
    }
    seen.push(...(await stream.take(isEnded)))

    expect(seen.at(-1)).toMatchObject({ attempt: 3, status: 'FAILED', length: 5 })
    expect(textOf(seen)).toBe('three')
    const { body, generation } = await readReply(ada, replyId)
    expect(body).toBe('three')
    expect(generation).toMatchObject({ status: 'FAILED', text: 'three', error: { code: 'WORKER_LOST' } })
  })

  it('is resumed by who had some of the old attempt with a restart', async () => {
    model.answerWith(
      inTurn(
        (answer) => void answer.say('Old text'),
        (answer) => answer.say('New').finish(),
      ),
    )
    const replyId = await ask(ada)
    const stream = replyStream(ada, replyId)
    await stream.take(hasText('Old text'))
    await giveUpOnWriters()
    await stream.take(isEnded)

    const resumed = replyStream(ada, replyId, { attempt: 1, offset: 8 })
    expect([await resumed.next(), await resumed.next()]).toEqual([
      { __typename: 'ReplyRestarted', attempt: 2, keepOffset: 0 },
      { __typename: 'ReplyText', attempt: 2, offset: 0, text: 'New' },
    ])
  })
})

describe('a graph that stops in the middle of a reply', () => {
  it('hands it over at once, long before its lease of ten seconds runs out, and keeps what can be gone on with', async () => {
    const letGo = Promise.withResolvers<void>()
    let begun = 0
    model.answerWith((answer, request) => {
      const canContinue = request.model === 'continuing'
      const isFirst = begun < 2
      begun += 1
      if (!isFirst) return answer.say(canContinue ? ' a time.' : 'The whole story.').finish()
      if (canContinue) void answer.closed.then(letGo.resolve)
      answer.say('Once upon')
    })
    const first = await startGraph()
    const ada = await signUp(first, 'ada')
    const replies = [await ask(ada), await askContinuing(ada)]
    for (const replyId of replies) await replyStream(ada, replyId).take(hasText('Once upon'))

    await using second = await startGraph()
    await using client = new GraphClient(second.url, ada.tokens.accessToken)
    const streams = replies.map((replyId) => replyStream({ ...ada, client }, replyId))
    const seen = await Promise.all(streams.map((stream) => stream.take(hasText('Once upon'))))
    const stoppedAt = performance.now()
    await first[Symbol.asyncDispose]()
    await letGo.promise

    for (const [index, stream] of streams.entries()) seen[index]?.push(...(await stream.take(isEnded)))
    expect(performance.now() - stoppedAt).toBeLessThan(5_000)
    expect(seen.map(textOf)).toEqual(['The whole story.', 'Once upon a time.'])
    for (const events of seen) expect(events.at(-1)).toMatchObject({ status: 'COMPLETED', attempt: 2 })
  })
})
