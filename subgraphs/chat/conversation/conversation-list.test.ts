import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { claimReply, finishReply } from '../assistant/generation/testing/claims.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'

const LIST = `query { conversations(first: 100) { nodes {
  id kind title topic createdAt lastActivityAt memberCount viewerRole isMuted cursor
  assistant { model systemPrompt temperature maxOutputTokens }
  members(first: 2) { nodes { role joinedAt readUpTo user { id } } pageInfo { hasNextPage endCursor } }
  newest: members(last: 1) { edges { cursor node { role } } }
  lastMessage { id number body author { id } generation { status text } conversation { title } }
} } }`

describe('the list of conversations', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function list() {
    const { data, errors } = await chat.run(chat.viewerId, LIST)
    expect(errors).toBeUndefined()
    return (data as { conversations: { nodes: unknown[] } }).conversations.nodes
  }

  async function add(count: number) {
    for (let index = 0; index < count; index += 1) {
      const memberIds = Array.from({ length: 3 }, () => encodeId('usr', newUuid()))
      await chat.say(await chat.converse('GROUP', { memberIds }), 'A word')
      await chat.say(await chat.converse('ASSISTANT'), 'A question')
      const claim = index % 2 === 0 && (await claimReply(chat.fork()))
      if (claim) await finishReply(chat.fork(), claim)
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
