import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../platform/ids.ts'
import { createLogger } from '../../platform/logging.ts'
import { EventResults } from '../../platform/subgraph/event-results.ts'
import { OpenStreams } from '../../platform/subgraph/open-streams.ts'
import type { Operation } from '../../platform/subgraph/operation.ts'
import { OperationStream } from '../../platform/subgraph/operation-stream.ts'
import { createContext } from './context.ts'
import type { Conversation } from './conversation/conversation.entity.ts'
import { encodeEventCursor } from './event-log/event-cursor.ts'
import { readLog } from './event-log/event-log.ts'
import { resolvers } from './resolvers.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from './testing/chat-fixture.ts'

const typeDefs = parse(readFileSync(new URL('../../schema/chat.graphql', import.meta.url), 'utf8'))
const schema = buildSubgraphSchema([{ typeDefs, resolvers }])

/** A viewer's end of a stream. It takes one text at a time, as a slow socket does. */
class SlowViewer {
  readonly #texts: string[] = []
  readonly #stream: OperationStream
  #take: ((isTaken: boolean) => void) | undefined
  #heard: (() => void) | undefined

  constructor(operation: Operation, results: EventResults, streams: OpenStreams) {
    const next = (text: string) => {
      this.#texts.push(text)
      this.#heard?.()
      return new Promise<boolean>((resolve) => {
        this.#take = resolve
      })
    }
    this.#stream = new OperationStream({ operation, results, streams, channel: { next, complete: async () => true } })
    void this.#stream.next()
  }

  /** The next text, once the last one has been taken. */
  async next(): Promise<string> {
    if (this.#texts.length === 0) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve
        this.#take?.(true)
      })
    }
    return this.#texts.shift() ?? ''
  }

  async leave(): Promise<void> {
    await this.#stream.return()
    this.#take?.(false)
  }
}

let chat: ChatFixture
let open: SlowViewer[] = []
const streams = new OpenStreams()
beforeAll(async () => {
  chat = await openChatFixture()
})
afterEach(async () => {
  for (const viewer of open) await viewer.leave()
  open = []
})
afterAll(async () => {
  streams.stop()
  await chat[Symbol.asyncDispose]()
})

const message = 'message { id body }'
const SUBSCRIPTIONS: Record<string, (id: string, cursor: string) => string> = {
  conversationEvents: (id, cursor) =>
    `subscription { conversationEvents(conversationId: "${id}", after: "${cursor}") { ... on MessageAdded { ${message} } } }`,
  messageAdded: (id) => `subscription { messageAdded(conversationId: "${id}", after: 0) { id body } }`,
}

/** Opens a stream for each of these viewers (UUIDs), from the first message on. */
async function follow(field: string, conversation: Conversation, userIds: readonly string[]): Promise<SlowViewer[]> {
  const log = await readLog(chat.fork(), conversation.id, 0, 0)
  const cursor = encodeEventCursor({ epoch: log?.head.epoch ?? '', seq: 0 })
  const document = parse(SUBSCRIPTIONS[field]?.(encodeId('cnv', conversation.id), cursor) ?? '')
  const results = new EventResults(createLogger({ name: 'test', level: 'silent', format: 'json' }))
  const viewers = userIds.map((userId) => {
    const caller = { viewer: viewerNamed(userId), requestId: 'test', address: null, userAgent: null, resumed: false }
    const operation: Operation = {
      args: { schema, document },
      requestId: 'test',
      count: () => undefined,
      takesNotices: false,
      selection: 'the same',
      createContext: () => createContext(chat.services, caller),
      requireCurrent: () => undefined,
      inSpan: (work) => work(),
      opened: () => () => undefined,
    }
    return new SlowViewer(operation, results, streams)
  })
  open.push(...viewers)
  return viewers
}

describe.each(Object.keys(SUBSCRIPTIONS))('events of %s that many get', (field) => {
  it('tell nobody what was written after their removal', async () => {
    const grace = newUuid()
    const conversation = await chat.converse('GROUP', { memberIds: [encodeId('usr', grace)] })
    await chat.say(conversation, 'one')
    const sent = await chat.say(conversation, 'two')
    const [adas, graces] = await follow(field, conversation, [chat.viewerId, grace])
    // Both have read the same page of two events; nobody has taken the second one yet.
    expect([await adas?.next(), await graces?.next()]).toEqual(Array(2).fill(expect.stringContaining('"one"')))
    await chat.services.members.remove(chat.fork(), viewerNamed(chat.viewerId), conversation.id, grace)
    await chat.services.messages.edit(chat.fork(), viewerNamed(chat.viewerId), sent.message.id, 'SECRET')
    expect(await adas?.next()).toContain('SECRET')
    const told = await graces?.next()
    expect(told).not.toContain('SECRET')
    expect(told).toContain('NOT_FOUND')
  })

  it('take one statement together to ask who may still read', async () => {
    const userIds = Array.from({ length: 30 }, newUuid)
    const conversation = await chat.converse('CHANNEL')
    await chat.say(conversation, 'one')
    const viewers = await follow(field, conversation, userIds)
    const next = () => Promise.all(viewers.map((viewer) => viewer.next()))
    expect(await next()).toEqual(Array(30).fill(expect.stringContaining('"one"')))
    const live = field === 'conversationEvents' ? [await next(), next()][1] : next()
    const statements = await chat.statementsOf(async () => {
      await chat.say(conversation, 'two')
      expect(await live).toEqual(Array(30).fill(expect.stringContaining('"two"')))
    })
    const asking = statements.filter((statement) => statement.includes('question(position'))
    expect(asking, statements.join('\n')).toHaveLength(1)
  })
})
