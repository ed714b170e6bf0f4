import { type OperationTypeNode, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Ellipsis } from './support/ellipsis.ts'
import type { EventStream } from './support/event-stream.ts'
import { GraphClient } from './support/graph-client.ts'
import { codeBlocksOf, type Json, README, type Step, sectionOf, stepsOf } from './support/readme.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const TOUR = sectionOf(README, '## A tour in seven steps')
const STEPS = stepsOf(TOUR)

type Data = Record<string, unknown>

describe('the README', () => {
  const [first, second] = codeBlocksOf(README).filter(({ language }) => language !== 'mermaid')

  it('begins with the one command that starts everything', () => {
    expect(first).toMatchObject({ language: 'sh', code: 'npm ci && npm start' })
  })

  it('goes on with the one command that tests everything', () => {
    expect(second).toMatchObject({ language: 'sh', code: 'npm ci && npm test' })
  })

  it('has a tour of seven numbered steps', () => {
    const numbers = new Set(STEPS.map(({ heading }) => heading.split('.')[0]))
    expect([...numbers]).toEqual(['1', '2', '3', '4', '5', '6', '7'])
  })
})

describe('the tour in the README, word for word, at the pace of the demo assistant:', () => {
  const ellipsis = new Ellipsis()
  let graph: TestGraph
  let client: GraphClient
  let secondTab: EventStream<Data> | undefined
  const seen: unknown[] = []
  beforeAll(async () => {
    graph = await startTestGraph({ overrides: { demoModel: {} } })
    client = new GraphClient(graph.url)
  })
  afterAll(() => graph[Symbol.asyncDispose]())

  async function take({ document, variables, answer, meanwhile }: Step): Promise<void> {
    const completed = ellipsis.complete(variables ?? {}) as Record<string, unknown>
    if (kindOf(document) === 'subscription') {
      secondTab = client.subscribe<Data>(document, completed)
      expectMatch(ellipsis, await nextResult(secondTab), answer)
    } else {
      expectMatch(ellipsis, await ask(client, document, completed), answer)
    }
    for (const event of meanwhile ?? []) seen.push(...(await untilEvent(ellipsis, secondTab, event)))
  }

  it.each(STEPS.map((step) => [step.heading, nameOf(step.document), step] as const))(
    '%s (%s)',
    async (_, name, step) => {
      await take(step)
      if (name !== 'SignUp') return
      expect(TOUR, 'it says how to send the token').toContain('`Authorization` with the value `Bearer eyJ…`')
      client = new GraphClient(graph.url, ellipsis.valueOf('eyJ…'))
    },
  )

  it('the reply did arrive piece by piece', () => {
    const pieces = seen.filter((event) => JSON.stringify(event).includes('"ReplyTextAppended"'))
    expect(pieces.length).toBeGreaterThan(10)
  })

  it('sending the same clientId again gives the same message', async () => {
    const send = STEPS.find(({ document }) => nameOf(document) === 'Send')
    if (!send) throw new Error('The tour sends no message.')
    await take({ ...send, meanwhile: undefined })
    const { conversationId: id } = ellipsis.complete(send.variables ?? {}) as { conversationId: string }
    const count = 'query Count($id: ID!) { conversation(id: $id) { messages { nodes { number } } } }'
    expect(await ask(client, count, { id })).toEqual({
      data: { conversation: { messages: { nodes: [{ number: 1 }, { number: 2 }] } } },
    })
  })

  it('signing in again works as the text says', async () => {
    const [, signIn] = /`(signIn\([^`]+\))`/.exec(TOUR) ?? []
    const again = await ask(new GraphClient(graph.url), `mutation { ${signIn} { user { displayName } } }`, {})
    expect(again).toEqual({ data: { signIn: { user: { displayName: 'Ada' } } } })
  })
})

describe('the tour does not pass', () => {
  const section = (json: string) => `## Tour\n\n### 1. Ask\n\n\`\`\`graphql\n{ me { id } }\n\`\`\`\n\n${json}`
  const fence = (introduction: string, code: string) => `${introduction}\n\n\`\`\`json\n${code}\n\`\`\`\n`

  it.each([
    ['an answer that is no JSON', fence('Answer:', '{ "data": }')],
    ['a block whose purpose nobody can tell', fence('Look:', '{}')],
    ['two answers', fence('Answer:', '{}') + fence('Answer:', '{}')],
    ['no answer', ''],
  ])('with %s', (_what, json) => {
    expect(() => stepsOf(section(json))).toThrow()
  })

  it('when the graph answers something else', () => {
    const [step] = stepsOf(section(fence('Answer:', '{ "data": { "me": { "id": "usr_…" } } }')))
    const matches = (actual: unknown) => new Ellipsis().matches(actual, step?.answer ?? null)
    expect(matches({ data: { me: { id: 'usr_1' } } })).toBe(true)
    expect(matches({ data: { me: { id: 'cnv_1' } } })).toBe(false)
    expect(matches({ data: { me: { id: 'usr_1', email: null } } })).toBe(false)
    expect(matches({ data: { me: { id: 'usr_1' } }, errors: [] })).toBe(false)
  })
})

function operationOf(document: string) {
  const [definition] = parse(document).definitions
  if (definition?.kind === 'OperationDefinition') return definition
  throw new Error('The document does not begin with an operation.')
}

const nameOf = (document: string): string => operationOf(document).name?.value ?? ''

const kindOf = (document: string): `${OperationTypeNode}` => operationOf(document).operation

/** The answer as it came, without what only failures have. */
async function ask(client: GraphClient, document: string, variables: Record<string, unknown>): Promise<unknown> {
  const { data, errors } = await client.send(document, variables)
  return errors ? { data, errors } : { data }
}

async function nextResult(stream: EventStream<Data>): Promise<unknown> {
  const { data, errors } = await stream.nextFrame()
  return errors ? { data, errors } : { data }
}

/** The events up to the one that is described; others may come before it. */
async function untilEvent(
  ellipsis: Ellipsis,
  stream: EventStream<Data> | undefined,
  event: Json,
): Promise<readonly unknown[]> {
  if (!stream) throw new Error('No subscription was opened before.')
  const passed: unknown[] = []
  for (;;) {
    const result = await nextResult(stream).catch((error: Error) => {
      throw new Error(`This never came: ${JSON.stringify(event)}\nThis did: ${JSON.stringify(passed, null, 2)}`, {
        cause: error,
      })
    })
    passed.push(result)
    if (ellipsis.matches(result, event)) return passed
  }
}

function expectMatch(ellipsis: Ellipsis, actual: unknown, expected: Json): void {
  // Equal ones are not compared again: the failure shows the difference.
  if (!ellipsis.matches(actual, expected)) expect(actual, '… stands for any text').toEqual(expected)
}
