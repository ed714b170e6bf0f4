import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { DEMO_MODEL_ID, type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts'
import { startNats } from '../../platform/testing/nats-server.ts'
import { watchReply } from '../support/chat-streams.ts'
import { freePort } from '../support/parley-process.ts'
import { createConversation, PASSWORD, type Person, type Sent, signUp } from '../support/people.ts'
import { deploymentOn, type RoleProcess } from '../support/separate-processes.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'
import { type CollectedSpan, startTraceCollector, type TraceCollector } from '../support/trace-collector.ts'

vi.setConfig({ testTimeout: 120_000 })

const SOON = { timeout: 20_000, interval: 50 }

let model: DemoModel
let database: TestDatabase
beforeAll(async () => {
  model = await startDemoModel({ pieceDelayMs: 2 })
  database = await createTestDatabase()
})
afterAll(async () => {
  await model[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

interface RunningRoles {
  readonly gateway: RoleProcess
  readonly all: readonly RoleProcess[]
}

/** Each role in a process of its own, with NATS between them, told where traces go. */
async function startRoles(context: TestContext, environment: Record<string, string>): Promise<RunningRoles> {
  const nats = await startNats(context)
  const deployment = deploymentOn(database.url, model.baseUrl, nats.url, environment)
  const auth = await deployment.startAuth()
  const [chat, worker] = await Promise.all([
    deployment.startChat(auth, { AI_WORKER: 'separate' }),
    deployment.startWorker(auth),
  ])
  const gateway = await deployment.startGateway(auth, chat)
  return { gateway, all: [gateway, worker, chat, auth] }
}

async function stop({ all }: RunningRoles): Promise<void> {
  for (const { launcher } of all) launcher.kill('SIGTERM')
  for (const role of all) expect(await role.exitCode(), role.stderr()).toBe(0)
}

const SEND = `mutation WordsOfTheClient($input: SendMessageInput!) {
  sent: sendMessage(input: $input) { message { id author { displayName } } reply { id } userErrors { code } }
}`

const EVENTS = `subscription Events($id: ID!) {
  conversationEvents(conversationId: $id) { __typename ... on MessageAdded { message { author { displayName } } } }
}`

/**
 * Sends a message that mentions its author, so that chat asks auth, and waits for the whole reply. Somebody follows the
 * conversation meanwhile.
 */
async function talk(person: Person, headers: Record<string, string> = {}): Promise<void> {
  const conversationId = await createConversation(person)
  const events = person.client.follow<{ __typename: string }>(EVENTS, { id: conversationId })
  await events.take(({ __typename }) => __typename === 'CaughtUp')
  const input = { conversationId, body: `@${person.username} my heart-secret: count to 9`, clientId: randomUUID() }
  const response = await fetch(person.client.endpoint, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', authorization: `Bearer ${person.tokens.accessToken}` },
      ...headers,
    },
    body: JSON.stringify({ query: SEND, variables: { input } }),
  })
  const { data } = (await response.json()) as { data: { sent: Pick<Sent, 'reply'> } }
  await watchReply(person, data.sent.reply?.id ?? '')
  await events.take(({ __typename }) => __typename === 'MessageAdded')
  events.unsubscribe()
}

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const CLIENTS_SPAN = 'b7ad6b7169203331'
/** A client that says that its trace is recorded. */
const RECORDED = { traceparent: `00-${TRACE_ID}-${CLIENTS_SPAN}-01` }

/** The spans of one trace. */
class Trace {
  readonly spans: readonly CollectedSpan[]

  constructor({ spans }: TraceCollector, traceId: string) {
    this.spans = spans.filter((span) => span.traceId === traceId)
  }

  /** Of each span that a service made by this name: itself, what it is part of, and so on. */
  waysTo(service: string, name: string | RegExp): string[][] {
    const isMeant = (span: CollectedSpan) => (typeof name === 'string' ? span.name === name : name.test(span.name))
    return this.spans.filter((span) => span.service === service && isMeant(span)).map((span) => this.wayTo(span))
  }

  wayTo(span: CollectedSpan): string[] {
    const parent = this.spans.find(({ spanId }) => spanId === span.parentId)
    return [`${span.service}: ${span.name}`, ...(parent ? this.wayTo(parent) : [])]
  }
}

const ROOT = 'gateway: mutation sendMessage'
const IN_CHAT = ['chat: mutation sendMessage', 'gateway: fetch chat', ROOT]
const IN_REPLY = ['worker: write reply', ...IN_CHAT]

/** What is in the trace of a message to the assistant, once each. */
const STEPS: readonly (readonly [service: string, name: string, within: readonly string[]])[] = [
  ['gateway', 'plan', [ROOT]],
  ['chat', 'mutation sendMessage', IN_CHAT.slice(1)],
  ['chat', 'COMMIT', IN_CHAT],
  ['chat', 'POST /internal/users', IN_CHAT],
  ['auth', 'POST /internal/users', ['chat: POST /internal/users', ...IN_CHAT]],
  ['auth', 'query _entities', ['gateway: fetch auth', ROOT]],
  ['chat', 'publish reply-queued', IN_CHAT],
  ['worker', 'process reply-queued', ['chat: publish reply-queued', ...IN_CHAT]],
  ['worker', 'write reply', IN_CHAT],
  ['worker', 'claim reply', IN_REPLY],
  ['worker', `chat ${DEMO_MODEL_ID}`, IN_REPLY],
]

describe('a message to the assistant', () => {
  it('is one trace from the gateway over chat, auth, the bus and the worker to the model', async (context) => {
    await using collector = await startTraceCollector()
    const roles = await startRoles(context, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    const ada = await signUp(roles.gateway)
    await talk(ada, RECORDED)
    await stop(roles)

    const trace = new Trace(collector, TRACE_ID)
    for (const [service, name, within] of STEPS) {
      expect(trace.waysTo(service, name), name).toEqual([[`${service}: ${name}`, ...within]])
    }
    expect(trace.waysTo('auth', /^SELECT auth\.user/).length).toBeGreaterThan(1)
    expect(trace.waysTo('worker', 'UPDATE chat.generation')).toContainEqual([
      'worker: UPDATE chat.generation',
      ...IN_REPLY,
    ])
    expect(trace.spans.every((span) => trace.wayTo(span).at(-1) === ROOT)).toBe(true)
    expect(trace.spans.filter(({ hasFailed }) => hasFailed)).toEqual([])
    expect(trace.spans.filter(({ parentId }) => parentId === CLIENTS_SPAN)).toHaveLength(1)
    expect(trace.spans.find(({ name }) => name === `chat ${DEMO_MODEL_ID}`)?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.output_tokens': expect.any(Number),
      'server.address': '127.0.0.1',
    })
    expect([...collector.paths]).toEqual(['/v1/traces'])
    expectEventOfItsOwn(collector)
    expectNoSecretsIn(collector, ada)
  })
})

/** The event that followers get is completed in a trace of its own, which names that of their subscription. */
function expectEventOfItsOwn({ spans }: TraceCollector): void {
  const events = spans.filter(({ name }) => name === 'event conversationEvents')
  const asked = spans.find(({ name, parentId }) => name === 'fetch auth' && events.some((it) => it.spanId === parentId))
  const event = events.find(({ spanId }) => spanId === asked?.parentId)
  expect(event).toMatchObject({ parentId: undefined, links: [expect.any(String)] })
  const opened = spans
    .filter(({ traceId }) => event?.links.includes(traceId))
    .map(({ service, name }) => [service, name])
  expect(opened).toContainEqual(['gateway', 'subscription conversationEvents'])
  expect(opened).toContainEqual(['chat', 'subscription conversationEvents'])
}

/** What a person, a client or the model has said, and what proves anything. */
function expectNoSecretsIn({ text }: TraceCollector, { username, tokens, id }: Person): void {
  const said = ['heart-secret', 'count to', 'WordsOfTheClient', username, 'example.org']
  const proofs = [PASSWORD, tokens.accessToken, tokens.refreshToken, ...tokens.accessToken.split('.'), 'Bearer', id]
  for (const secret of [...said, ...proofs]) expect(text.includes(secret), secret).toBe(false)
  expect(text).not.toMatch(/insert into|select .* from|v1=[0-9a-f]{64}/i)
}

describe('with a ratio of 0', () => {
  it('nothing is recorded, not even for a client that asks for it', async (context) => {
    await using collector = await startTraceCollector()
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: '0' }
    const roles = await startRoles(context, environment)
    await talk(await signUp(roles.gateway), RECORDED)
    await stop(roles)
    expect(collector.spans).toEqual([])
  })
})

describe('a collector that is away', () => {
  it('costs a line in the log, and keeps nobody from answering or stopping in time', async (context) => {
    const away = `http://127.0.0.1:${await freePort()}`
    const roles = await startRoles(context, { OTEL_EXPORTER_OTLP_ENDPOINT: away })
    const ada = await signUp(roles.gateway)
    await talk(ada)
    const warnings = () => roles.gateway.stdout().match(/traces are lost/g)?.length ?? 0
    await expect.poll(warnings, SOON).toBe(1)
    await talk(ada)
    const since = performance.now()
    await stop(roles)
    expect(performance.now() - since).toBeLessThan(8_000)
    expect(warnings()).toBe(1)
  })
})
