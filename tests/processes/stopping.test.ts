import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { SocketClient } from '../../gateway/testing/socket-client.ts'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import {
  expectNothingLeftOf,
  FREE_PORTS,
  launchGraph,
  processesOf,
  type RunningParley,
  signalGroup,
  spawnParley,
  startGraph,
  whenRunning,
} from '../support/parley-process.ts'
import { createConversation, signUp } from '../support/people.ts'

vi.setConfig({ testTimeout: 90_000 })

/** SHUTDOWN_GRACE_MS, and the two seconds a process may take beyond it. */
const LONGEST_STOP_MS = 10_000
const SOON = { timeout: 20_000, interval: 20 }

async function stopped(
  parley: RunningParley,
  dataDirectory: string,
  stop: (parley: RunningParley) => void,
): Promise<void> {
  const started = performance.now()
  stop(parley)
  expect(await parley.exitCode()).toBe(0)
  expect(performance.now() - started).toBeLessThan(LONGEST_STOP_MS)
  expect(parley.stderr()).toBe('')
  await expectNothingLeftOf(dataDirectory)
}

describe('the graph', () => {
  it('ends with 0 at SIGTERM, and Postgres with it', async () => {
    const folder = await temporaryFolder()
    const parley = await startGraph(folder)
    expect(processesOf(folder).length).toBeGreaterThan(2)
    await stopped(parley, folder, ({ launcher }) => launcher.kill('SIGTERM'))
  })

  it('ends with 0 at SIGTERM though a subscription is open and a reply is being written', async () => {
    const folder = await temporaryFolder()
    const parley = await startGraph(folder)
    const ada = await signUp(parley)
    const conversationId = await createConversation(ada)
    const stream = ada.client.subscribe<{ conversationEvents: { __typename: string } }>(
      `subscription Watch($conversationId: ID!) { conversationEvents(conversationId: $conversationId) { __typename } }`,
      { conversationId },
    )
    await stream.next()
    await ada.client.run(
      `mutation Count($conversationId: ID!) {
        sendMessage(input: {
          conversationId: $conversationId, body: "count to 2000", clientId: "7d3e8f1a-5b0c-4c8e-9f53-2a6d1c4b7e90"
        }) { message { number } }
      }`,
      { conversationId },
    )
    await stream.take(({ conversationEvents }) => conversationEvents.__typename === 'ReplyTextAppended')
    await stopped(parley, folder, ({ launcher }) => launcher.kill('SIGTERM'))
    expect((await stream.failure()).message).toContain('1012')
  })

  it('sends many clients away one after the other, and ends with 0 in time', async () => {
    const folder = await temporaryFolder()
    const parley = await startGraph(folder)
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => SocketClient.connect(`${parley.url.replace('http', 'ws')}/graphql`)),
    )
    const started = performance.now()
    const leaving = clients.map(async ({ closed }) => ({ code: (await closed).code, at: performance.now() - started }))
    await stopped(parley, folder, ({ launcher }) => launcher.kill('SIGTERM'))
    const left = await Promise.all(leaving)
    expect(new Set(left.map(({ code }) => code))).toEqual(new Set([1012]))
    const times = left.map(({ at }) => at).sort((one, other) => one - other)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(3_000)
  })

  it('ends with 0 at Ctrl+C, which reaches the launcher and the process behind it at once', async () => {
    const folder = await temporaryFolder()
    const parley = await startGraph(folder)
    await stopped(parley, folder, ({ launcher }) => signalGroup(launcher.pid, 'SIGINT'))
  })

  it('ends in order at Ctrl+C under npm, which passes the signal on once more', async () => {
    const folder = await temporaryFolder()
    const parley = await whenRunning(spawnParley(['npm', 'start'], { ...FREE_PORTS, DATA_DIR: folder }))
    signalGroup(parley.launcher.pid, 'SIGINT')
    await parley.exitCode()
    expect(parley.stderr()).not.toMatch(/error/i)
    expect(await readFile(join(folder, 'server.log'), 'utf8')).toMatch(/database system is shut down\s*$/)
    await expectNothingLeftOf(folder)
  })

  it('ends with 0 when Ctrl+C comes in the middle of its very first start', async () => {
    const folder = await temporaryFolder()
    const parley = launchGraph(folder)
    await expect.poll(() => readdir(folder), SOON).toContain('server.log')
    signalGroup(parley.launcher.pid, 'SIGINT')
    expect(await parley.exitCode()).toBe(0)
    await expectNothingLeftOf(folder)
    await stopped(await startGraph(folder), folder, ({ launcher }) => launcher.kill('SIGTERM'))
  })
})

describe('the launcher', () => {
  it('ends with the exit code of the process behind it', async () => {
    const folder = await temporaryFolder()
    expect(await launchGraph(folder, { PORT: 'abc' }).exitCode()).toBe(1)
  })

  it('ends with 128 and the signal that killed the process behind it', async () => {
    const folder = await temporaryFolder()
    const parley = await startGraph(folder)
    process.kill(parley.nodeId, 'SIGKILL')
    expect(await parley.exitCode()).toBe(128 + 9)
    await expectNothingLeftOf(folder)
  })

  it('takes the process behind it along when it is killed itself, so that its ports are free again', async () => {
    const folder = await temporaryFolder()
    const parley = await startGraph(folder)
    parley.launcher.kill('SIGKILL')
    await expectNothingLeftOf(folder)
  })

  it('passes SIGHUP on, as a terminal that closes sends it', async () => {
    const folder = await temporaryFolder()
    const parley = await startGraph(folder)
    parley.launcher.kill('SIGHUP')
    expect(await parley.exitCode()).toBe(128 + 1)
    await expectNothingLeftOf(folder)
  })
})
