import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts'
import { readReply } from '../support/chat-streams.ts'
import { createConversation, type Person, SEND_MESSAGE, type Sent, signUp } from '../support/people.ts'
import { deploymentOn, type RoleProcess } from '../support/separate-processes.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

vi.setConfig({ testTimeout: 120_000 })

const LONG = { timeout: 20_000, interval: 50 }
const REQUEST_ID = 'my-request-1'
const QUESTION = 'what is 6 * 7'

let model: DemoModel
let database: TestDatabase
beforeAll(async () => {
  model = await startDemoModel({ pieceDelayMs: 0 })
  database = await createTestDatabase()
})
afterAll(async () => {
  await model[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function ask(person: Person, conversationId: string): Promise<Sent> {
  const response = await fetch(person.client.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${person.tokens.accessToken}`,
      'x-request-id': REQUEST_ID,
    },
    body: JSON.stringify({
      query: SEND_MESSAGE,
      variables: { input: { conversationId, body: QUESTION, clientId: randomUUID() } },
    }),
  })
  expect(response.headers.get('x-request-id')).toBe(REQUEST_ID)
  return ((await response.json()) as { data: { sendMessage: Sent } }).data.sendMessage
}

/** Every line of a process, each of which must be JSON. */
function linesOf({ stdout }: RoleProcess): Record<string, unknown>[] {
  const whole = stdout().slice(0, stdout().lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

const about = (role: RoleProcess) => linesOf(role).filter(({ requestId }) => requestId === REQUEST_ID)

it('The id of a request is in what gateway, chat and worker log of it, to the end of the reply', async () => {
  const deployment = deploymentOn(database.url, model.baseUrl, undefined, { LOG_LEVEL: 'debug' })
  const auth = await deployment.startAuth()
  const chat = await deployment.startChat(auth, { AI_WORKER: 'separate' })
  const [worker, gateway] = await Promise.all([deployment.startWorker(auth), deployment.startGateway(auth, chat)])
  const ada = await signUp(gateway)
  const { reply } = await ask(ada, await createConversation(ada, { kind: 'ASSISTANT' }))
  const generation = async () => (await readReply(ada, reply?.id ?? '')).generation
  await expect.poll(async () => (await generation()).status, LONG).toBe('COMPLETED')

  for (const role of [gateway, chat]) {
    await expect
      .poll(() => about(role), LONG)
      .toContainEqual(expect.objectContaining({ level: 20, type: 'mutation', field: 'sendMessage', code: 'OK' }))
  }
  const ended = { level: 30, name: 'worker', status: 'COMPLETED', msg: 'a reply has ended' }
  await expect
    .poll(() => about(worker), LONG)
    .toContainEqual(expect.objectContaining({ ...ended, generation: expect.any(String), tookMs: expect.any(Number) }))
  for (const [role, name] of Object.entries({ auth, gateway, chat, worker }).map(
    ([key, value]) => [value, key] as const,
  )) {
    expect(linesOf(role).length).toBeGreaterThan(0)
    for (const line of linesOf(role)) {
      expect(line).toMatchObject({ level: expect.any(Number), time: expect.any(Number), name })
    }
    expect(role.stdout()).not.toContain(ada.tokens.accessToken)
    expect(role.stdout()).not.toContain(QUESTION)
    expect(role.stderr()).toBe('')
  }
})
