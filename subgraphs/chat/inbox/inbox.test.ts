import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { execute, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { createContext } from '../context.ts'
import { resolvers } from '../resolvers.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import type { InboxItem } from './inbox-stream.ts'

const typeDefs = parse(readFileSync(new URL('../../../schema/chat.graphql', import.meta.url), 'utf8'))
const schema = buildSubgraphSchema([{ typeDefs, resolvers }])
const INBOX = parse(`subscription {
  inbox { __typename conversationId ... on InboxConversationChanged { conversation { id title unreadCount } } }
}`)

let chat: ChatFixture
beforeAll(async () => {
  chat = await openChatFixture()
})
afterAll(() => chat[Symbol.asyncDispose]())

/** What is sent to the viewer for an item that their stream has read. */
async function send(rootValue: InboxItem, viewer = viewerNamed(chat.viewerId)) {
  const caller = { viewer, requestId: 'test', address: null, userAgent: null, resumed: false }
  return execute({ schema, document: INBOX, rootValue, contextValue: createContext(chat.services, caller) })
}

describe('an event of the inbox', () => {
  it('shows the conversation as it is when the event is sent', async () => {
    const { id } = await chat.converse('GROUP', { title: 'Before' })
    const item = { __typename: 'InboxConversationChanged', conversationId: id } as const
    await chat.services.conversations.update(chat.fork(), viewerNamed(chat.viewerId), id, { title: 'After' })

    const conversationId = encodeId('cnv', id)
    expect(await send(item)).toEqual({
      data: {
        inbox: { ...item, conversationId, conversation: { id: conversationId, title: 'After', unreadCount: 0 } },
      },
    })
  })

  it('says that a conversation is gone when it went after the change was read', async () => {
    const { id: conversationId } = await chat.converse('GROUP')
    await chat.services.conversations.delete(chat.fork(), viewerNamed(chat.viewerId), conversationId)

    expect(await send({ __typename: 'InboxConversationChanged', conversationId })).toEqual({
      data: { inbox: { __typename: 'InboxConversationRemoved', conversationId: encodeId('cnv', conversationId) } },
    })
  })

  it('shows nothing to who was removed after the change was read', async () => {
    const { id: conversationId } = await chat.converse('GROUP')
    expect(await send({ __typename: 'InboxConversationChanged', conversationId }, viewerNamed(newUuid()))).toEqual({
      data: { inbox: { __typename: 'InboxConversationRemoved', conversationId: encodeId('cnv', conversationId) } },
    })
  })
})
