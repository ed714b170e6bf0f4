import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { isEnded, readReply, replyStream, textOf } from '../support/chat-streams.ts'
import { heldReplies, letLeasesRunOut } from '../support/leases.ts'
import { type Environment, freePort, launch } from '../support/parley-process.ts'
import { createConversation, type Person, sendMessage, signUp } from '../support/people.ts'
import { type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts'
import { startTestGraph, type TestGraph } from '../support/test-graph.ts'

vi.setConfig({ testTimeout: 120_000 })

const CRASH_POINTS = ['claimed', 'first text', 'written', 'finishing', 'finished'] as const
const WORDS = ['Once ', 'upon ', 'a time ', '👩‍💻 ', 'wrote.']

let model: ScriptedModel
let graph: TestGraph
let ada: Person
beforeAll(async () => {
  model = await startScriptedModel()
  // The graph itself writes no reply: that is left to the workers that are killed, and to the one that comes after.
  const environment = { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted', AI_WORKER: 'separate' }
  graph = await startTestGraph({ environment })
  ada = await signUp(graph, 'ada')
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})

async function startWorker(environment: Environment = {}) {
  return launch('tests/processes/crashing-worker.ts', {
    DATABASE_URL: graph.databaseUrl,
    AUTH_URL: graph.authUrl,
    OPENAI_BASE_URL: model.baseUrl,
    OPENAI_MODELS: 'scripted',
    WORKER_PORT: String(await freePort()),
    LOG_LEVEL: 'fatal',
    ...environment,
  })
}

/** Asks, and lets a worker take the reply that dies at this point of it. */
async function crashAt(point: (typeof CRASH_POINTS)[number]) {
  const conversationId = await createConversation(ada, { kind: 'ASSISTANT', title: point })
  const { reply } = await sendMessage(ada, conversationId, `Tell me until you are ${point}`)
  const replyId = reply?.id ?? ''
  const watcher = replyStream(ada, replyId)
  const worker = await startWorker({ CRASH_AT: point })
  expect(await worker.exitCode()).toBe(137)
  return { point, replyId, watcher }
}

it('A worker that is killed at any step of a reply leaves it to the next, which ends it for all who watch.', async () => {
  model.answerWith((answer) => {
    for (const word of WORDS) answer.say(word)
    answer.finish()
  })
  const crashed = []
  for (const point of CRASH_POINTS) crashed.push(await crashAt(point))
  const asked = model.requests.length
  await letLeasesRunOut(graph.databaseUrl, await heldReplies(graph.databaseUrl))
  await startWorker()

  for (const { point, replyId, watcher } of crashed) {
    const seen = await watcher.take(isEnded)
    const { body, generation } = await readReply(ada, replyId)
    expect({ point, body, seen: textOf(seen), status: generation.status }).toEqual({
      point,
      body: WORDS.join(''),
      seen: WORDS.join(''),
      status: 'COMPLETED',
    })
    // Its ending was committed before the last point.
    expect([point, generation.attempt]).toEqual([point, point === 'finished' ? 1 : 2])
  }
  // Once for each attempt, but for the worker that died before it had asked.
  expect([asked, model.requests.length]).toEqual([CRASH_POINTS.length - 1, 2 * CRASH_POINTS.length - 2])
})
