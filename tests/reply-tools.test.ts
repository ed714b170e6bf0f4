import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { defineTool } from '../subgraphs/chat/assistant/tools/tool.ts'
import { conversationEvents, isEnded, replyStream, textOf, watchReply } from './support/chat-streams.ts'
import { mutationDocument } from './support/mutations.ts'
import { createConversation, type Person, sendMessage, signIn, signUp } from './support/people.ts'
import { inTurn, type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

interface Reply {
  readonly body: string
  readonly generation: { readonly status: string; readonly attempt: number }
  readonly toolCalls: readonly { readonly id: string; readonly status: string; readonly result: string | null }[]
}

const REPLY = 'body generation { status attempt } toolCalls { id name arguments status result }'
const READ = `query ($id: ID!) { message(id: $id) { ${REPLY} } }`

async function read(person: Person, id: string): Promise<Reply> {
  return (await person.client.run<{ message: Reply }>(READ, { id })).message
}

async function approve(person: Person, toolCallId: string | undefined): Promise<unknown> {
  const document = mutationDocument('answerToolCall', 'message { id } userErrors { code }')
  return person.client.run(document, { input: { toolCallId, approved: true } })
}

/** Where tools of this test cannot be given to the worker, which is another process. */
const isElsewhere = inject('separateProcesses') !== undefined

describe('a reply that uses tools', () => {
  let database: TestDatabase
  let model: ScriptedModel
  let graph: TestGraph
  let ada: Person
  beforeAll(async () => {
    database = await createTestDatabase()
    model = await startScriptedModel()
    graph = await startGraph()
    ada = await signUp(graph, 'ada')
  })
  afterAll(async () => {
    await graph[Symbol.asyncDispose]()
    await model[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  /** Whom bills were sent to. */
  const sent: string[] = []
  let send: (to: string) => Promise<string>
  afterEach(() => void sent.splice(0))
  const billing = (name: string, needsApproval: boolean) =>
    defineTool({
      ...{ name, description: 'Sends a bill.', isIdempotent: false, needsApproval },
      arguments: z.object({ to: z.string() }),
      run: ({ to }) => {
        sent.push(to)
        return send(to)
      },
    })

  const startGraph = () =>
    startTestGraph({
      databaseUrl: database.url,
      // Offered tools, because it has a name of OpenAI's.
      environment: { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'gpt-4o-mini' },
      ...(!isElsewhere && {
        overrides: { chat: { tools: [billing('bill', false), billing('bill_if_allowed', true)] } },
      }),
    })

  /** Stops all processes and starts others. */
  async function restart(): Promise<void> {
    await graph[Symbol.asyncDispose]()
    graph = await startGraph()
    ada = await signIn(graph, ada)
  }

  async function ask(body: string, conversationId?: string): Promise<string> {
    const { reply } = await sendMessage(ada, conversationId ?? (await createConversation(ada)), body)
    return reply?.id ?? ''
  }

  it('searches what its asker may read, and says what it makes of that in the same reply', async () => {
    model.answerWith((answer) => answer.say('Noted.').finish())
    await watchReply(ada, await ask('My locker is number 271.'))
    model.answerWith(
      inTurn(
        (answer) =>
          answer
            .say('One moment. ')
            .call('search_messages', { query: 'locker' }, 'call_a')
            .call('search_messages', { query: 'bicycle' }, 'call_b')
            .finish({ prompt_tokens: 10, completion_tokens: 2 }),
        (answer) => answer.say('It is 271.').finish({ prompt_tokens: 30, completion_tokens: 3 }),
      ),
    )
    const conversationId = await createConversation(ada)
    const events = conversationEvents(ada, conversationId)
    await events.next()
    const id = await ask('Which number has it?', conversationId)
    const told = await events.take(({ __typename }) => __typename === 'ReplyFinished')
    const steps = await watchReply(ada, id)

    expect([textOf(told), textOf(steps)]).toEqual(['One moment. It is 271.', 'One moment. It is 271.'])
    expect(told.filter(({ __typename }) => __typename === 'MessageEdited')).toHaveLength(3)
    expect(steps.at(-1)?.message?.generation).toMatchObject({
      attempt: 1,
      usage: { inputTokens: 40, outputTokens: 5, isEstimated: false },
    })
    expect(await read(ada, id)).toMatchObject({
      body: 'One moment. It is 271.',
      toolCalls: [
        { name: 'search_messages', status: 'DONE', result: expect.stringContaining('My locker is number 271.') },
        { name: 'search_messages', status: 'DONE', result: '{"messages":[],"thereAreMore":false}' },
      ],
    })
    const [first, second] = model.requests.slice(-2)
    expect(first?.tools?.[0]).toMatchObject({ type: 'function', function: { name: 'search_messages' } })
    expect(first?.messages[0]).toMatchObject({ role: 'system', content: expect.stringContaining('is data') })
    expect(second?.messages.slice(-3)).toMatchObject([
      { role: 'assistant', content: 'One moment. ', tool_calls: [{ id: 'call_a' }, { id: 'call_b' }] },
      { role: 'tool', tool_call_id: 'call_a', content: expect.stringContaining('locker') },
      { role: 'tool', tool_call_id: 'call_b' },
    ])
  })

  it.skipIf(isElsewhere)('waits for an approval over a restart, and then does once what was approved', async () => {
    send = async (to) => `A bill was sent to ${to}.`
    model.answerWith(
      inTurn(
        (answer) => answer.say('I shall send it. ').call('bill_if_allowed', { to: 'Bob' }).finish(),
        (answer) => answer.say('It is sent.').finish(),
      ),
    )
    const id = await ask('Bill Bob.')
    await expect.poll(() => read(ada, id)).toMatchObject({ toolCalls: [{ status: 'AWAITING_APPROVAL' }] })
    await restart()

    const stream = replyStream(ada, id)
    const seen = [await stream.next()]
    const [call] = (await read(ada, id)).toolCalls
    expect(await approve(ada, call?.id)).toEqual({ answer: { message: { id }, userErrors: [] } })
    expect(await approve(ada, call?.id)).toEqual({ answer: { message: { id }, userErrors: [] } })

    seen.push(...(await stream.take(isEnded)))
    expect(textOf(seen)).toBe('I shall send it. It is sent.')
    expect(sent).toEqual(['Bob'])
    expect(await read(ada, id)).toMatchObject({
      generation: { status: 'COMPLETED', attempt: 2 },
      toolCalls: [{ status: 'DONE', result: 'A bill was sent to Bob.' }],
    })
  })

  it.skipIf(isElsewhere)(
    'is interrupted when its worker stops while a tool is at work that may not be run twice, and can be gone on with',
    async () => {
      const begun = Promise.withResolvers<void>()
      send = () => {
        begun.resolve()
        return new Promise(() => undefined)
      }
      model.answerWith(
        inTurn(
          (answer) => answer.say('I send it. ').call('bill', { to: 'Eve' }).finish(),
          (answer) => answer.say('It may have been sent.').finish(),
        ),
      )
      const id = await ask('Bill Eve.')
      await begun.promise
      await restart()

      const [ended] = (await watchReply(ada, id)).slice(-1)
      expect(ended).toMatchObject({ status: 'INTERRUPTED', message: { body: 'I send it. ' } })
      expect(await read(ada, id)).toMatchObject({ toolCalls: [{ status: 'FAILED' }] })

      await ada.client.run(mutationDocument('continueReply', 'userErrors { code }'), { input: { messageId: id } })
      expect((await watchReply(ada, id)).at(-1)).toMatchObject({
        status: 'COMPLETED',
        message: { body: 'I send it. It may have been sent.' },
      })
      expect(sent).toEqual(['Eve'])
      expect(model.requests.at(-1)?.messages.at(-1)).toMatchObject({
        role: 'tool',
        content: expect.stringContaining('may have been done, or not'),
      })
    },
  )
})

describe('the demo assistant', () => {
  it('searches the messages when it is asked to', async () => {
    await using graph = await startTestGraph()
    const ada = await signUp(graph, 'ada')
    const ask = async (body: string) => (await sendMessage(ada, await createConversation(ada), body)).reply?.id ?? ''
    await watchReply(ada, await ask('The red panda sleeps by day.'))
    const id = await ask('Search my messages for red panda sleeps')

    expect((await watchReply(ada, id)).at(-1)).toMatchObject({
      status: 'COMPLETED',
      message: { body: expect.stringMatching(/^Let me look.*I found .*“The red panda sleeps by day\.”.*canned/s) },
    })
    expect(await read(ada, id)).toMatchObject({ toolCalls: [{ status: 'DONE' }] })
  })
})
