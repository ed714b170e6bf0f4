import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { graphql, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLogger } from '../../../platform/logging.ts'
import { claimNext, finish } from '../assistant/generation-lease.ts'
import { createContext } from '../context.ts'
import { ConversationWatch } from '../event-log/conversation-watch.ts'
import { resolvers } from '../resolvers.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'

const typeDefs = parse(readFileSync(new URL('../../../schema/chat.graphql', import.meta.url), 'utf8'))
const schema = buildSubgraphSchema([{ typeDefs, resolvers }])

const LIST = `query { conversations(first: 100) { nodes {
  id title viewerRole cursor
  lastMessage { id number body author { id } generation { status text } conversation { title } }
} } }`

describe('the list of conversations', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function list() {
    const { fork, conversations, messages, models, bus, viewerId } = chat
    const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
    await using watch = new ConversationWatch({ bus, logger, readHeads: async () => new Map() })
    const viewer = {
      userId: viewerId,
      sessionId: viewerId,
      tokenVersion: 0,
      scope: new Set<string>(),
      expiresAt: new Date(),
    }
    const caller = { viewer, requestId: 'test', address: null, userAgent: null }
    const streams = { fork, watch, caughtUpAfterMs: () => 1_000 }
    const contextValue = createContext({ conversations, messages, models, streams }, caller)
    const { data, errors } = await graphql({ schema, source: LIST, contextValue })
    expect(errors).toBeUndefined()
    return (data as { conversations: { nodes: unknown[] } }).conversations.nodes
  }

  async function add(count: number) {
    for (let index = 0; index < count; index += 1) {
      await chat.say(await chat.converse('GROUP'), 'A word')
      await chat.say(await chat.converse('ASSISTANT'), 'A question')
      const claim = index % 2 === 0 && (await claimNext(chat.fork(), 60_000))
      const usage = { inputTokens: 0, outputTokens: 0, isEstimated: true }
      if (claim) await finish(chat.fork(), claim, { omittedMessages: 0, usage })
    }
  }

  it('takes as many SQL statements for forty conversations with their last messages as for four', async () => {
    await add(2)
    const few = await chat.statementsOf(async () => expect(await list()).toHaveLength(4))
    await add(18)
    const many = await chat.statementsOf(async () => expect(await list()).toHaveLength(40))

    expect(few.length).toBeGreaterThan(1)
    expect(many.length, many.join('\n')).toBe(few.length)
  })
})
