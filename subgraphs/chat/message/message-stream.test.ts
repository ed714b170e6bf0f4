import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { type ExecutionResult, parse } from 'graphql'
import { afterAll, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { subscribeWithFreshContext } from '../../../platform/subgraph/testing/fresh-context.ts'
import { ReplyDesk } from '../assistant/control/testing/reply-desk.ts'
import { createContext } from '../context.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { resolvers } from '../resolvers.ts'
import { openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import { Talk } from './testing/talk.ts'

const typeDefs = parse(readFileSync(new URL('../../../schema/chat.graphql', import.meta.url), 'utf8'))
const schema = buildSubgraphSchema([{ typeDefs, resolvers }])

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const talk = new Talk(chat)
const desk = new ReplyDesk(chat)
const ada = chat.viewerId

/** The conversation's messages from the first on, each resolved when it is asked for. */
async function follow(userId: string, { id }: Conversation, fields: string) {
  const caller = { viewer: viewerNamed(userId), requestId: 'test', address: null, userAgent: null, resumed: false }
  const source = await subscribeWithFreshContext({
    schema,
    document: parse(`subscription ($id: ID!) { messageAdded(conversationId: $id, after: 0) { ${fields} } }`),
    variableValues: { id: encodeId('cnv', id) },
    contextValue: () => createContext(chat.services, caller),
  })
  if (!(Symbol.asyncIterator in source)) throw new Error(`It did not open: ${JSON.stringify(source)}`)
  const next = async () => ((await source.next()).value ?? 'the end') as ExecutionResult | 'the end'
  return Object.assign(source, { nextAnswer: next })
}

const refused = (message: string) => ({ errors: [{ message, originalError: { code: 'NOT_FOUND' } }] })

it('tells who was removed between two messages nothing of what was said or done after it', async () => {
  const grace = newUuid()
  const conversation = await talk.converse('GROUP', grace)
  const first = await talk.say(ada, conversation, 'One')
  const { question, reply } = await desk.ask(ada, conversation, '@assistant, tell me')
  const fields = 'number body replyCount reactions { emoji } edits { body } generation { text }'
  const stream = await follow(grace, conversation, fields)
  expect(await stream.nextAnswer()).toMatchObject({ data: { messageAdded: { number: first.number, body: 'One' } } })

  await chat.services.members.remove(chat.fork(), viewerNamed(ada), conversation.id, grace)
  await desk.grow(reply, 'SAID AFTER')
  const second = encodeId('msg', question.id)
  await talk.edit(ada, second, 'CHANGED AFTER')
  await talk.say(ada, conversation, 'REPLIED AFTER', { replyToId: second })

  const answers = [await stream.nextAnswer(), await stream.nextAnswer(), await stream.nextAnswer()]
  expect(JSON.stringify(answers)).not.toContain('AFTER')
  expect(answers).toMatchObject([
    { data: null, ...refused('No such message.') },
    { data: null, ...refused('No such message.') },
    refused('No such conversation.'),
  ])
  expect(await stream.nextAnswer()).toBe('the end')
})

it('brings as it is by then a message that was deleted, and one that was changed, before it is taken', async () => {
  const conversation = await talk.converse('GROUP')
  await talk.say(ada, conversation, 'One')
  const deleted = await talk.say(ada, conversation, 'A secret')
  const changed = await talk.say(ada, conversation, 'Before')
  const stream = await follow(ada, conversation, 'number body deletedAt edits { body }')
  await stream.nextAnswer()
  await talk.delete(ada, deleted.id)
  await talk.edit(ada, changed.id, 'After')

  expect(await stream.nextAnswer()).toMatchObject({
    data: { messageAdded: { number: 2, body: '', deletedAt: expect.anything(), edits: [] } },
  })
  expect(await stream.nextAnswer()).toMatchObject({
    data: { messageAdded: { number: 3, body: 'After', edits: [{ body: 'Before' }] } },
  })
  await stream.return?.()
})

it('costs one SQL statement for each message beyond those that its fields take', async () => {
  const conversation = await talk.converse('GROUP')
  for (let count = 1; count <= 6; count += 1) await talk.say(ada, conversation, `${count}`)
  const stream = await follow(ada, conversation, 'number body')
  await stream.nextAnswer()
  const statements = await chat.statementsOf(async () => {
    for (let number = 2; number <= 6; number += 1) {
      expect(await stream.nextAnswer()).toMatchObject({ data: { messageAdded: { number } } })
    }
  })
  await stream.return?.()

  const ofMessages = statements.filter((statement) => statement.includes('chat.message'))
  expect(ofMessages.length, statements.join('\n')).toBe(5)
})
