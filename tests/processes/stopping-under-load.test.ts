import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts'
import { startNats } from '../../platform/testing/nats-server.ts'
import { Balancer } from '../support/balancer.ts'
import { type ConversationEvent, conversationEvents, readReply } from '../support/chat-streams.ts'
import { GraphClient } from '../support/graph-client.ts'
import { createConversation, type Person, sendMessage, signUp } from '../support/people.ts'
import { deploymentOn, type RoleProcess } from '../support/separate-processes.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

vi.setConfig({ testTimeout: 300_000 })

/** SHUTDOWN_GRACE_MS, and the two seconds a process may take beyond it. */
const LONGEST_STOP_MS = 10_000
const LONG = { timeout: 60_000, interval: 100 }
const WRITERS = 4
/** Of each writer, until the process is told to stop. */
const SAID_BEFORE = 10
/** Of each writer, since it has ended. */
const SAID_AFTER = 10

let model: DemoModel
let database: TestDatabase
beforeAll(async () => {
  model = await startDemoModel({ pieceDelayMs: 20 })
  database = await createTestDatabase()
})
afterAll(async () => {
  await model[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const ROLES = ['gateway', 'auth', 'chat', 'worker'] as const

/** A deployment with two processes of each role, behind balancers. */
async function deploy(context: TestContext) {
  const nats = await startNats(context)
  const deployment = deploymentOn(database.url, model.baseUrl, nats.url)
  const twice = async (start: () => Promise<RoleProcess>) => {
    const [first, second] = await Promise.all([start(), start()])
    const balancer = await Balancer.start([first.url, second.url])
    onTestFinished(() => balancer[Symbol.asyncDispose]())
    return { first, second, balanced: { ...first, url: balancer.url } }
  }
  const auth = await twice(() => deployment.startAuth())
  const chat = await twice(() => deployment.startChat(auth.balanced, { AI_WORKER: 'separate' }))
  const worker = await twice(() => deployment.startWorker(auth.balanced))
  const gateway = await twice(() => deployment.startGateway(auth.balanced, chat.balanced))
  /** What the gateways complain of: why a request failed. */
  const complaints = () => gateway.first.stdout() + gateway.second.stdout()
  return { url: gateway.balanced.url, toStop: { gateway, auth, chat, worker }, complaints }
}

/** People who talk without a pause, each with something else, and what came of it. */
class Talk {
  readonly conversationId: string
  /** What was acknowledged, in the order of its numbers. */
  readonly said = new Map<number, string>()
  readonly failures: string[] = []
  readonly #people: readonly Person[]
  readonly #done: Promise<void>[] = []
  #isOver = false

  constructor(conversationId: string, people: readonly Person[]) {
    this.conversationId = conversationId
    this.#people = people
  }

  begin(): void {
    for (const person of this.#people) {
      this.#done.push(this.#repeat((turn) => this.#say(person, `${person.username} says ${turn}`)))
      this.#done.push(this.#repeat(() => person.client.run('{ me { id username } models { id } }')))
    }
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#done)
  }

  async #say(person: Person, body: string): Promise<void> {
    const { message } = await sendMessage(person, this.conversationId, body)
    this.said.set(message.number, message.body)
  }

  async #repeat(work: (turn: number) => Promise<unknown>): Promise<void> {
    for (let turn = 1; !this.#isOver; turn += 1) {
      await work(turn).catch((error: unknown) => this.failures.push(reasonOf(error)))
      await delay(20)
    }
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return `${message}${cause instanceof Error ? ` (${cause.message})` : ''}`
}

/** Follows a conversation; when its connection is closed it goes on elsewhere, behind the last thing that it has seen. */
class Subscriber {
  readonly bodies: string[] = []
  readonly #person: Person
  readonly #conversationId: string
  readonly #url: string
  #cursor: string | undefined
  #isOver = false

  constructor(url: string, person: Person, conversationId: string) {
    this.#url = url
    this.#person = person
    this.#conversationId = conversationId
  }

  /** Resolves when it is subscribed. */
  async begin(): Promise<void> {
    const subscribed = Promise.withResolvers<void>()
    void this.#follow(subscribed.resolve)
    await subscribed.promise
  }

  end(): void {
    this.#isOver = true
  }

  async #follow(onSubscribed: () => void): Promise<void> {
    while (!this.#isOver) {
      const client = new GraphClient(this.#url, this.#person.tokens.accessToken)
      const after = this.#cursor === undefined ? {} : { after: this.#cursor }
      const options = { includeReplyText: false, ...after }
      const events = conversationEvents({ ...this.#person, client }, this.#conversationId, options)
      try {
        for (;;) {
          this.#take(await events.next())
          onSubscribed()
        }
      } catch {
        await client[Symbol.asyncDispose]()
        await delay(50)
      }
    }
  }

  #take({ __typename, cursor, message }: ConversationEvent): void {
    if (cursor !== null) this.#cursor = cursor
    if (__typename === 'MessageAdded' && message) this.bodies.push(message.body)
  }
}

describe('two processes of each role, of which one is told to stop while people talk,', () => {
  it('end with 0 in time, one role after the other, and nobody notices', async (context) => {
    const { url, toStop, complaints } = await deploy(context)
    const people = await Promise.all(Array.from({ length: WRITERS }, (_, index) => signUp({ url }, `writer${index}`)))
    for (const role of ROLES) await stopUnderLoad(toStop[role].first, people, { url, complaints })
  })
})

interface Deployed {
  readonly url: string
  readonly complaints: () => string
}

/** What everybody sees while this process is told to stop, and when it has ended. */
async function stopUnderLoad(stopped: RoleProcess, people: readonly Person[], { url, complaints }: Deployed) {
  const [owner, ...others] = people as [Person, ...Person[]]
  const memberIds = others.map(({ id }) => id)
  const talk = new Talk(await createConversation(owner, { kind: 'GROUP', memberIds }), people)
  const subscribers = people.map((person) => new Subscriber(url, person, talk.conversationId))
  await Promise.all(subscribers.map((subscriber) => subscriber.begin()))
  const asked = await createConversation(owner)
  const replies = await Promise.all(
    ['one', 'two', 'three'].map((word) => sendMessage(owner, asked, `count to 60, ${word}`)),
  )

  talk.begin()
  await expect.poll(() => talk.said.size, LONG).toBeGreaterThan(WRITERS * SAID_BEFORE)
  const toldAt = performance.now()
  stopped.launcher.kill('SIGTERM')
  expect(await stopped.exitCode()).toBe(0)
  expect(performance.now() - toldAt).toBeLessThan(LONGEST_STOP_MS)
  expect(stopped.stderr()).toBe('')
  const saidAtTheEnd = talk.said.size
  await expect.poll(() => talk.said.size, LONG).toBeGreaterThan(saidAtTheEnd + WRITERS * SAID_AFTER)
  await talk.end()

  expect(talk.failures, complaints()).toEqual([])
  const inOrder = [...talk.said].sort(([one], [other]) => one - other).map(([, body]) => body)
  for (const { bodies } of subscribers)
    await expect.poll(() => bodies.length, LONG).toBeGreaterThanOrEqual(inOrder.length)
  for (const subscriber of subscribers) {
    subscriber.end()
    expect(subscriber.bodies).toEqual(inOrder)
  }
  for (const { reply } of replies) {
    const status = async () => (await readReply(owner, reply?.id ?? '')).generation.status
    await expect.poll(status, LONG).toBe('COMPLETED')
  }
}
