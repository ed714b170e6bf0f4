import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from './testing/chat-fixture.ts'

describe('an operation of several mutations', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  const SEEN = `conversation {
    cursor memberCount unreadCount viewerRole
    lastMessage { body reactions { count } }
    members { nodes { readUpTo } }
  }`

  /** What each of these mutations of the viewer answers, when they are asked for in one operation. */
  async function answersOf(mutations: readonly string[]): Promise<Record<string, unknown>> {
    const source = `mutation { ${mutations.map((mutation, index) => `m${index}: ${mutation}`).join(' ')} }`
    const { data, errors } = await chat.run(chat.viewerId, source)
    expect(errors).toBeUndefined()
    return data as Record<string, unknown>
  }

  it('shows after each what is true then, whatever was loaded before', async () => {
    const channel = await chat.services.conversations.create(chat.fork(), newUuid(), { kind: 'CHANNEL' })
    const id = `conversationId: "${encodeId('cnv', channel.id)}"`
    const send = (body: string) =>
      `sendMessage(input: { ${id}, clientId: "${newUuid()}", body: "${body}" }) { message { ${SEEN} } }`
    const { m0, m1, m2, m3, m4 } = await answersOf([
      `joinChannel(input: { ${id} }) { ${SEEN} }`,
      send('One'),
      send('Two'),
      `markRead(input: { ${id}, upTo: 2 }) { ${SEEN} }`,
      `leaveConversation(input: { ${id} }) { ${SEEN} }`,
    ])

    const reading = (viewerRole: string | null, ...readUpTo: number[]) => ({
      conversation: { viewerRole, unreadCount: 0, members: { nodes: readUpTo.map((upTo) => ({ readUpTo: upTo })) } },
    })
    expect(m0).toMatchObject({ conversation: { ...reading('MEMBER', 0, 0).conversation, lastMessage: null } })
    expect(m1).toMatchObject({ message: reading('MEMBER', 0, 1) })
    expect(m2).toMatchObject({ message: { conversation: { lastMessage: { body: 'Two', reactions: [] } } } })
    expect(m2).toMatchObject({ message: reading('MEMBER', 0, 2) })
    expect(m3).toMatchObject(reading('MEMBER', 0, 2))
    expect(m4).toMatchObject(reading(null, 0))
  })
})
