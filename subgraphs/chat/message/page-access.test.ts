import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { graphql, parse } from 'graphql'
import { afterAll, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { createContext } from '../context.ts'
import { resolvers } from '../resolvers.ts'
import { openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import { Talk } from './testing/talk.ts'

const typeDefs = parse(readFileSync(new URL('../../../schema/chat.graphql', import.meta.url), 'utf8'))
const schema = buildSubgraphSchema([{ typeDefs, resolvers }])

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const talk = new Talk(chat)
const ada = chat.viewerId

it('shows no page to who was removed after the conversation was read for them', async () => {
  const grace = newUuid()
  const conversation = await chat.converse('GROUP', { title: 'The place', memberIds: [encodeId('usr', grace)] })
  const { id } = conversation
  const caller = { viewer: viewerNamed(grace), requestId: 'test', address: null, userAgent: null, resumed: false }
  // One context for both: what the first has loaded, the second judges by.
  const contextValue = createContext(chat.services, caller)
  const show = async (fields: string) => {
    const source = `{ conversation(id: "${encodeId('cnv', id)}") { ${fields} } }`
    const { data, errors } = await graphql({ schema, source, contextValue })
    expect(errors).toBeUndefined()
    return data?.conversation
  }
  await talk.say(ada, conversation, 'One')
  expect(await show('title')).toEqual({ title: 'The place' })
  await chat.services.members.remove(chat.fork(), viewerNamed(ada), id, grace)
  await talk.say(ada, conversation, 'SAID AFTER')

  expect(await show('title lastMessage { body } messages { nodes { body } } members { nodes { joinedAt } }')).toEqual({
    title: 'The place',
    lastMessage: null,
    messages: { nodes: [] },
    members: { nodes: [] },
  })
})
