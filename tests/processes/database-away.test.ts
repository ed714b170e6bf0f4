import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts'
import { FaultProxy } from '../faults/fault-proxy.ts'
import { PostgresProcess } from '../faults/store-processes.ts'
import { readReply } from '../support/chat-streams.ts'
import { createConversation, sendMessage, signUp } from '../support/people.ts'
import { deploymentOn, type RoleProcess } from '../support/separate-processes.ts'

vi.setConfig({ testTimeout: 180_000 })

const LONG = { timeout: 30_000, interval: 100 }

let model: DemoModel
let postgres: PostgresProcess
let link: FaultProxy
beforeAll(async () => {
  model = await startDemoModel({ pieceDelayMs: 0 })
  postgres = await PostgresProcess.create()
  // Its socket is another one after each start; the address that the processes are told stays the same.
  const route = () => (postgres.socketPath === undefined ? [] : [{ path: postgres.socketPath }])
  link = await FaultProxy.start({ route })
})
afterAll(async () => {
  await link?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})

async function statusOf({ url }: RoleProcess, path: '/ready' | '/health'): Promise<number> {
  const response = await fetch(url + path, { signal: AbortSignal.timeout(10_000) })
  await response.text()
  return response.status
}

it('Auth, chat and worker live on while Postgres is away, say that they are not ready, and go on when it is back', async () => {
  const deployment = deploymentOn(postgres.urlThrough(link.port), model.baseUrl)
  const auth = await deployment.startAuth()
  const chat = await deployment.startChat(auth, { AI_WORKER: 'separate' })
  const [worker, gateway] = await Promise.all([deployment.startWorker(auth), deployment.startGateway(auth, chat)])
  const stored = { auth, chat, worker }
  const ada = await signUp(gateway)
  const conversationId = await createConversation(ada)
  await sendMessage(ada, conversationId, 'Hello')
  const all = (path: '/ready' | '/health') =>
    Promise.all(Object.values(stored).map((role) => statusOf(role, path).catch(String)))
  expect(await all('/ready')).toEqual([200, 200, 200])

  for (const time of ['once', 'and once more']) {
    await postgres.kill()
    await expect.poll(() => all('/ready'), { ...LONG, message: time }).toEqual([503, 503, 503])
    expect(await all('/health')).toEqual([200, 200, 200])
    const codes = ada.client.codesOf('query ($id: ID!) { conversation(id: $id) { id } }', { id: conversationId })
    expect(await codes).toEqual(['SUBGRAPH_UNAVAILABLE'])

    await postgres.start()
    await expect.poll(() => all('/ready'), LONG).toEqual([200, 200, 200])
    const { reply } = await sendMessage(ada, conversationId, `what is 6 * 7, ${time}`)
    const status = async () => (await readReply(ada, reply?.id ?? '')).generation.status
    await expect.poll(status, LONG).toBe('COMPLETED')
    expect((await signUp(gateway)).tokens.accessToken).toBeTruthy()
  }

  for (const role of [gateway, worker, chat, auth]) {
    expect(role.launcher.exitCode).toBeNull()
    role.launcher.kill('SIGTERM')
    expect(await role.exitCode()).toBe(0)
    expect(role.stderr()).toBe('')
  }
})
